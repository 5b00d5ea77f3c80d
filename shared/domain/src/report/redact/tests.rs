use super::*;

/// Text, and what is left of it.
const REDACTED: &[(&str, &str)] = &[
    ("key AKIAIOSFODNN7EXAMPLE!", "key [redacted: AWS key]!"),
    ("xASIAIOSFODNN7EXAMPLEx", "x[redacted: AWS key]x"),
    ("AKIA\u{200b}IOSF\u{feff}ODNN7EXAMPLE", "[redacted: AWS key]"),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[redacted: key]"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7", "aws_secret_access_key = [redacted: password]"),
    ("AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEPT//////////wEaCXVzLXdlc3Q", "AWS_SESSION_TOKEN=[redacted: password]"),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[redacted: token]"),
    ("github_pat_11ABCDEFG0_abcdefghij", "[redacted: token]"),
    ("xoxb-123456789012-abcdefghij", "[redacted: token]"),
    ("https://hooks.slack.com/services/T000/B000/XXXX end", "https://[redacted: token] end"),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[redacted: token]"),
    ("curl -H 'Authorization: Bearer abc.def' /x", "curl -H 'Authorization: [redacted: password]' /x"),
    ("Bearer\n  abcdefgh1", "Bearer\n  [redacted: token]"),
    ("bearer of bad news", "bearer of bad news"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP", "jwt [redacted: token]"),
    ("postgres://ada:s3cr3t@db/x", "postgres://[redacted: credentials]@db/x"),
    ("postgres://ada:s/3@c@db/x", "postgres://[redacted: credentials]@db/x"),
    ("https%3A%2F%2Fada%3As3cr3t%40db%2Fx", "https%3A%2F%2F[redacted: credentials]%40db%2Fx"),
    ("https://ada:s3%40r3t@db/x", "https://[redacted: credentials]@db/x"),
    ("https://example.com:8080/users/@ada", "https://example.com:8080/users/@ada"),
    ("ssh://git@github.com/a", "ssh://git@github.com/a"),
    ("/reset?token=abc&next=/a", "/reset?token=[redacted: password]&next=/a"),
    ("/reset?to%6Ben%3Dabc%26next%3D/a", "/reset?to%6Ben%3D[redacted: password]"),
    ("/reset?token%253Dabc", "/reset?token%253D[redacted: password]"),
    (r#"{"Password": "a b \" c", "x": 1}"#, r#"{"Password": "[redacted: password]", "x": 1}"#),
    (r#"{\"api-key\":\"abc\",\"x\":1}"#, r#"{\"api-key\":\"[redacted: password]\",\"x\":1}"#),
    ("user[password]=abc", "user[password]=[redacted: password]"),
    ("login --password abc --verbose", "login --password [redacted: password] --verbose"),
    ("my api key: abc", "my api key: [redacted: password]"),
    ("PWD=abc DB_PASS=def", "PWD=[redacted: password] DB_PASS=[redacted: password]"),
    ("compass: north, Token::parse failed", "compass: north, Token::parse failed"),
    ("I forgot my password and got 12 tokens", "I forgot my password and got 12 tokens"),
    ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a [redacted: private key] b"),
    ("a -----BEGIN RSA PRI\nVATE KEY-----\\nMIIE all of it", "a [redacted: private key]"),
    ("all of\nMIIEpAIBAAKCAQEA1234abcd\nxyz=\n-----END PRIVATE KEY----- b", "all of\n[redacted: private key] b"),
    ("-----BEGIN RSA PRIVATE KEY----- MIIE -----END RSA PRI-----BEGIN PRIVATE KEY-----MIIF", "[redacted: private key]"),
    (
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    ),
    (
        "File \"/app/auth/token.py\", line 41, in get\nTypeError: cannot read 'token' of None (id=42, user=ada)",
        "File \"/app/auth/token.py\", line 41, in get\nTypeError: cannot read 'token' of None (id=42, user=ada)",
    ),
    // What looks like a key and is none: a digest, an id, a path, a name.
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("3c4d5e6f-7a8b-4c9d-8e0f-000000000001", "3c4d5e6f-7a8b-4c9d-8e0f-000000000001"),
    ("/home/ubuntu/codedetect/src/components/Dashboard2", "/home/ubuntu/codedetect/src/components/Dashboard2"),
];

#[test]
fn secrets_are_taken_out_and_the_rest_is_left() {
    for (text, expected) in REDACTED {
        let once = redact(text);
        assert_eq!(&once, expected, "{text}");
        assert_eq!(redact(&once), once, "{text} twice");
    }
}

/// As large as a body may be, and made to be looked at again and again.
#[test]
fn hostile_texts_take_few_rounds() {
    let chain = format!("{}@", "x".repeat(254));
    let shapes =
        [&chain, "://a:b@", "=", "@", "\"'", "%2525", "password=", "password:\n", "[{(", "\\\\u", "&a", "ghp_"];
    for shape in shapes {
        let text = format!("://a{}", shape.repeat(64 * 1024 / shape.len()));
        let (redacted, is_done) = rounds(&text);
        assert!(is_done, "{shape}: {redacted:.200}");
    }
}

#[test]
fn what_takes_too_many_rounds_is_marked_to_its_end() {
    assert_eq!(rest_marked("it fails, password=abc and so on"), "it fails, password=[redacted: key]");
}
