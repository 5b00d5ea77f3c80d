//! Secrets that an earlier version of the redaction left.

use signalbox_domain::report::redact;

fn assert_gone(secret: &str, texts: &[&str]) {
    let left: Vec<(&str, String)> =
        texts.iter().map(|text| (*text, redact(text))).filter(|(_, redacted)| redacted.contains(secret)).collect();
    assert!(left.is_empty(), "{secret} is left of {left:#?}");
}

/// As PHP writes JSON, which is what a console shows.
#[test]
fn a_slash_that_json_escapes_hides_no_password_of_a_url() {
    assert_gone("s3cr3t", &[r#"{"url":"postgres:\/\/ada:s3cr3t@db\/x"}"#]);
    assert_gone("T000", &[r#"{"hook":"https:\/\/hooks.slack.com\/services\/T000\/B000\/XXXX"}"#]);
}

/// As Go and Gson write `&` and `=` in JSON.
#[test]
fn an_escape_of_json_hides_no_sign_between_name_and_value() {
    assert_gone("hunter2", &[r"password\u003dhunter2", r"/reset?a=1\u0026token\u003dhunter2"]);
}

#[test]
fn no_part_of_a_password_is_left_where_it_has_a_quote_or_a_sign_in_it() {
    assert_gone("ter2", &["password=hun'ter2", "password=hun\"ter2", "password: hun&ter2", "password: hun<ter2"]);
    assert_gone("ter2", &["postgres://ada:hun\"ter2@db/x", "postgres://ada:hun'ter2@db/x"]);
}

#[test]
fn a_value_is_secret_in_brackets_and_behind_the_letter_of_a_string() {
    assert_gone(
        "hunter2",
        &[
            "{'password': b'hunter2'}",
            "{u'password': u'hunter2'}",
            r#"{"password": ["hunter2"]}"#,
            "password=r\"hunter2\"",
        ],
    );
}

#[test]
fn a_value_on_the_next_line_is_one() {
    assert_gone("hunter2", &["Password:\nhunter2", "{\"password\":\n  \"hunter2\"}", "password: |\n  hunter2"]);
    assert_gone("hunter2", &["password:                    hunter2"]); // in a column
}

#[test]
fn a_passphrase_goes_as_a_whole() {
    assert_gone("staple", &["passphrase: correct horse battery staple"]);
}

/// What Rails logs of a form, and what people call theirs.
#[test]
fn a_name_of_a_secret_need_not_end_with_the_word() {
    assert_gone(
        "hunter2",
        &[
            r#"{"user"=>{"password_confirmation"=>"hunter2"}}"#,
            "password_confirmation=hunter2",
            "secret_key_base: hunter2",
            "DB_PASSWORD_PROD=hunter2",
            "My password is: hunter2",
        ],
    );
}

/// The form is there in German, too.
#[test]
fn a_password_is_one_in_german() {
    assert_gone("hunter2", &["Passwort: hunter2", "passwort=hunter2", "Kennwort: hunter2"]);
}

/// Two keys with the dashes between them in one run, and lines without a digit.
#[test]
fn a_key_that_adjoins_another_is_one_too() {
    let line = "qUN/TEsIhALo+JwbLVWNBMYxvqnDBVCoBGEVnoJGXxvVWWQwTTf+AoWEP+IcErQE";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----");
    assert_gone("qUN", &[&format!("{key}{key}"), &format!("{key}{key}{key} and more")]);
}
