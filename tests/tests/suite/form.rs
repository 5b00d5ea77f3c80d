//! The form for bug reports as its user has it: Terraform's page in a browser, at another origin than the function's
//! URL, and behind that the binary that is deployed.

mod page;

use std::fs;

use serde_json::{Value, json};
use signalbox_tests::browser::{Browser, ENTER, TAB};
use signalbox_tests::function_url::{FunctionUrl, Site};
use signalbox_tests::moto::On;
use signalbox_tests::runtime::Function;
use signalbox_tests::terraform::Terraform;

use self::page::{Page, rendered};
use crate::reporter::{Desk, bug, subject};

/// A page with the form, open in a browser.
struct Form {
    desk: Desk,
    reporter: Function,
    url: FunctionUrl,
    site: Site,
    browser: Browser,
}

impl Form {
    async fn open() -> Form {
        Form::open_in(Browser::open().await).await
    }

    async fn open_in(browser: Browser) -> Form {
        let (desk, site) = (Desk::new().await, Site::start().await);
        let reporter = desk.launch().env(&[("SIGNALBOX_REPORT_ORIGINS", site.origin())]).start().await;
        let url = FunctionUrl::start(&reporter).await;
        let form = Form { desk, reporter, url, site, browser };
        form.site.put("/report", form.page("en"));
        form.browser.go(&format!("{}/report?page=/upload", form.site.origin())).await;
        form
    }

    fn page(&self, language: &str) -> String {
        let (service, action) = (&self.desk.stack.name, &self.url.url());
        rendered(&Page { language, title: None, service, action })
    }

    async fn fill_in(&self, email: &str, message: &str) {
        self.browser.enter("#message", message).await;
        self.browser.enter("#email", email).await;
    }

    async fn send(&self) {
        self.browser.click("#send").await;
    }

    /// The methods of the requests that the function got. A browser that shows an answer asks for an icon too.
    fn asked(&self) -> Vec<String> {
        let method = |event: &Value| event["requestContext"]["http"]["method"].as_str().unwrap().to_owned();
        let received = self.url.received().into_iter().filter(|event| event["rawPath"] != "/favicon.ico");
        received.map(|event| method(&event)).collect()
    }

    /// How the page answers what was sent: its text, once it is there.
    async fn thanked(&self) -> String {
        let text = self.browser.wait_for_text("#sent", "Thank you").await;
        assert_eq!(self.browser.focused().await, "sent", "a screen reader reads it");
        assert_eq!(self.browser.text("#report").await, "", "the form is put away");
        text
    }

    async fn assert_still_there(&self, email: &str, message: &str) {
        let filled_in = (self.browser.value("#email").await, self.browser.value("#message").await);
        assert_eq!(filled_in, (email.to_owned(), message.to_owned()));
    }

    /// What the page's own policy kept from happening.
    async fn violations(&self) -> Vec<String> {
        let complaints = self.browser.complaints().await.into_iter();
        complaints.filter(|line| line.contains("Content Security Policy")).collect()
    }
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn a_report_by_keyboard_reaches_the_team_once_and_is_thanked_for() {
    let form = Form::open().await;
    let message = r#"Upload <script>alert("now")</script> fails & 'nothing' is <b>said</b>"#;
    let browser = &form.browser;
    browser.click("#message").await;
    for keys in [message, TAB, "ada@example.com", TAB, "Ada \"Countess\" <Lovelace>"] {
        browser.press(keys).await;
    }
    browser.picture("filled-in").await;
    for keys in [TAB, ENTER] {
        browser.press(keys).await;
    }
    let text = form.thanked().await;
    assert!(text.contains("somebody will read it"), "{text}");
    browser.picture("sent").await;
    assert_eq!(form.asked(), ["OPTIONS", "POST"], "the browser asked first: the function is of another origin");
    assert_eq!(form.desk.sent().await, (1, 1, 1));
    assert_eq!(form.violations().await, [""; 0]);

    let mail = form.desk.mails().await.remove(0);
    assert_eq!(mail["ReplyToAddresses"], json!(["ada@example.com"]));
    assert!(subject(&mail).ends_with(message), "{mail}");
    let html = mail["Content"]["Simple"]["Body"]["Html"]["Data"].as_str().unwrap();
    assert!(html.contains("&lt;script&gt;alert(&quot;now&quot;)") && !html.contains("<script"), "{html}");
    let published = form.desk.published(&form.desk.reports).await.remove(0);
    let report: Value = serde_json::from_str(published["message"].as_str().unwrap()).unwrap();
    let agent = browser.run("return navigator.userAgent").await;
    for (field, value) in [
        ("type", json!("bug")),
        ("message", json!(message)),
        ("name", json!("Ada \"Countess\" <Lovelace>")),
        ("page", json!("/upload")),
        ("user_agent", agent),
        ("service", json!(form.desk.stack.name)),
    ] {
        assert_eq!(report[field], value, "{field}");
    }
    assert!(report["reported_at"].is_string(), "{report}");
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn what_is_wrong_is_said_at_its_field_and_nothing_is_sent() {
    let form = Form::open().await;
    let browser = &form.browser;
    form.send().await;
    browser.wait_for_text("#message-error", "Write what").await;
    assert_eq!(browser.text("#email-error").await, "Enter your email address.");
    assert_eq!(browser.focused().await, "message");
    assert_eq!(form.asked(), [""; 0]);

    // The page lets this through, and the function does not.
    form.fill_in("ada@example..com", "Upload fails").await;
    assert_eq!(browser.attribute("#email", "aria-invalid").await, None, "no longer, once it is written in");
    form.send().await;
    browser.wait_for_text("#email-error", "was not accepted").await;
    assert_eq!(browser.attribute("#email", "aria-invalid").await.as_deref(), Some("true"));
    assert_eq!(browser.attribute("#message", "aria-invalid").await, None);
    assert_eq!(browser.focused().await, "email");
    browser.picture("refused").await;
    form.assert_still_there("ada@example..com", "Upload fails").await;
    assert_eq!(form.desk.sent().await, (0, 0, 0));

    browser.clear("#email").await;
    browser.enter("#email", "ada@example.com").await;
    form.send().await;
    form.thanked().await;
    assert_eq!(form.desk.sent().await, (1, 1, 1));
    assert_eq!(form.violations().await, [""; 0]);
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn who_writes_too_often_is_told_that_it_is_kept() {
    let form = Form::open().await;
    for text in ["one", "two", "three", "four", "five"] {
        form.reporter.invoke(bug("ada@example.com", text)).await.unwrap();
    }
    form.fill_in("ada@example.com", "A sixth within the hour").await;
    form.send().await;
    let text = form.thanked().await;
    assert!(text.contains("Yours is kept and will be read"), "{text}");
    assert_eq!(form.desk.sent().await, (5, 5, 5));
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn what_is_kept_and_not_passed_on_need_not_be_sent_again() {
    let form = Form::open().await;
    // Both tries of the SDK.
    let mail = On::call("SendEmail").containing(&form.desk.domain);
    form.desk.stack.moto().fail_with_status(mail, 2, "TooManyRequestsException", 429).await;
    form.fill_in("ada@example.com", "Upload fails").await;
    form.send().await;
    let text = form.thanked().await;
    assert!(text.contains("Your report is kept") && text.contains("need not send it again"), "{text}");
    assert_eq!(form.desk.sent().await, (0, 1, 1));
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn where_nobody_answers_the_text_stays_and_can_be_sent_later() {
    let form = Form::open().await;
    let browser = &form.browser;
    form.reporter.kill().await;
    form.fill_in("ada@example.com", "Upload fails").await;
    form.send().await;
    browser.wait_for_text("#problem", "could not be sent").await;
    assert_eq!(browser.attribute("#problem", "role").await.as_deref(), Some("alert"));
    browser.picture("unreachable").await;
    form.assert_still_there("ada@example.com", "Upload fails").await;
    form.reporter.restart().await;
    form.send().await;
    form.thanked().await;
    assert_eq!(form.desk.sent().await, (1, 1, 1));

    browser.click("#another").await;
    assert_eq!(browser.focused().await, "message");
    form.assert_still_there("ada@example.com", "").await;
    browser.enter("#message", "Download fails").await;
    let Form { desk, reporter, url, site, browser } = form;
    url.stop().await;
    browser.click("#send").await;
    browser.wait_for_text("#problem", "could not be sent").await;
    let url = FunctionUrl::start(&reporter).await; // elsewhere
    let form = Form { desk, reporter, url, site, browser };
    form.assert_still_there("ada@example.com", "Download fails").await;
    assert_eq!(form.desk.sent().await, (1, 1, 1));
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn without_javascript_the_browser_posts_the_form() {
    let form = Form::open_in(Browser::open_without_javascript().await).await;
    assert_eq!(form.browser.text("#with-it").await, "", "no script has run");
    form.fill_in("ada@example.com", "Upload fails & says \"500\"").await;
    form.browser.click("input[value=feedback]").await;
    form.browser.press(ENTER).await;
    form.browser.wait_for_text("body", "thank you").await;
    form.browser.picture("without-javascript").await;
    assert_eq!(form.asked(), ["POST"]);
    let posted = form.url.received().remove(0);
    assert_eq!(posted["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(form.desk.sent().await, (1, 1, 1));
    let mail = form.desk.mails().await.remove(0);
    assert_eq!(subject(&mail), format!("{} feedback: Upload fails & says \"500\"", form.desk.stack.name));
    assert_eq!(mail["ReplyToAddresses"], json!(["ada@example.com"]));
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn a_program_that_fills_in_everything_is_thanked_and_nothing_is_sent() {
    let form = Form::open().await;
    form.fill_in("bot@example.com", "Buy this").await;
    form.browser.run("document.getElementById('website').value = 'https://example.org'").await;
    form.send().await;
    form.thanked().await;
    assert_eq!(form.asked(), ["OPTIONS", "POST"]);
    assert_eq!(form.desk.sent().await, (0, 0, 0));
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn the_page_fits_a_phone_has_labels_and_keeps_its_own_policy() {
    let form = Form::open().await;
    let browser = &form.browser;
    form.site.put("/report/de", form.page("de"));
    form.site.put("/changed", form.page("en").replace("use strict", "use  strict"));
    for (path, name) in [("/report", "Your name"), ("/report/de", "Ihr Name")] {
        for width in [320, 390] {
            browser.resize(width, 844).await;
            browser.go(&format!("{}{path}", form.site.origin())).await;
            form.send().await; // with what is wrong next to the fields
            let widths = "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]";
            assert_eq!(browser.run(widths).await, json!([width, width]), "{path}");
            browser.picture(&format!("{}-{width}", path.replace('/', ""))).await;
        }
        let labels = browser.labels("input:not([type=hidden]), textarea, button, fieldset").await;
        assert_eq!(labels.len(), 8, "{labels:?}");
        assert!(labels.iter().all(|(role, label)| !role.is_empty() && !label.is_empty()), "{labels:?}");
        assert!(labels.iter().any(|(role, label)| role == "textbox" && label.starts_with(name)), "{labels:?}");
    }
    assert_eq!(form.violations().await, [""; 0]);

    // What a proxy changes in it is not run, and the browser says so.
    browser.go(&format!("{}/changed", form.site.origin())).await;
    assert_eq!(form.violations().await.len(), 1);
    assert_eq!(browser.text("#with-it").await, "", "no script has run");
}

#[tokio::test]
#[cfg_attr(browser = "missing", ignore = "chromium or chromedriver is not installed")]
async fn a_page_of_another_origin_is_not_told_and_its_text_stays() {
    let form = Form::open().await;
    // The same page at another name of this machine, which the function was not told of.
    form.browser.go(&format!("{}/report", form.site.origin().replace("127.0.0.1", "localhost"))).await;
    form.fill_in("ada@example.com", "Upload fails").await;
    form.send().await;
    form.browser.wait_for_text("#problem", "could not be sent").await;
    form.assert_still_there("ada@example.com", "Upload fails").await;
    assert_eq!(form.asked(), ["OPTIONS"]);
    assert_eq!(form.desk.sent().await, (0, 0, 0));
}

/// Terraform's own lines, with nothing around them that needs a provider.
#[tokio::test]
#[cfg_attr(terraform = "missing", ignore = "terraform is not installed")]
async fn the_page_of_these_tests_is_the_one_that_terraform_makes() {
    let reporter = fs::read_to_string(page::module().join("reporter.tf")).unwrap();
    let locals = reporter.split_once("# --- The form ---").unwrap().1.split_once("resource ").unwrap().0;
    let locals = locals.replace("local.has_reporter", "true");
    let locals = locals.replace("aws_lambda_function_url.reporter[0].function_url", "var.action");
    let locals = locals.replace("path.module", "var.module");
    let action = "https://abc123.lambda-url.eu-west-1.on.aws/";
    for (language, title) in [("en", None), ("de", Some("Shop & \"friends\" <b>'s</b>"))] {
        let terraform = Terraform::plain(
            &format!(
                "variable \"report_form\" {{}}\nvariable \"action\" {{}}\nvariable \"module\" {{}}\n{locals}\n\
             output \"page\" {{ value = local.report_form_html }}\n"
            ),
            &json!({
                "report_form": {"language": language, "title": title, "service": "shop"},
                "action": action,
                "module": page::module(),
            }),
        );
        terraform.apply().await;
        let outputs = terraform.outputs().await;
        assert_eq!(outputs["page"], rendered(&Page { language, title, service: "shop", action }), "{language}");
    }
}
