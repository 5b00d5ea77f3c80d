//! What is answered by HTTP, payload format 2.0. The function gives CORS its headers itself: a function URL that is
//! told of origins too would give them twice.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;
use serde_json::json;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::report::html::{escaped, page};

/// What somebody is told who asks by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The report is taken. A program that was trapped is told the same, and so is whoever sends a report twice.
    Accepted,
    /// It is kept for the digest, since too many came.
    Limited,
    /// It has a mistake.
    Rejected(Mistake),
    /// It is kept, and not everybody could be told.
    Failed,
    /// It could not be kept.
    NotKept,
    /// A browser asks before it posts.
    Preflight,
    /// Neither POST nor OPTIONS.
    NotAllowed,
    /// Longer than 256 KiB.
    TooLarge,
    /// Neither JSON nor a form.
    UnknownType,
}

/// An answer by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAnswer {
    /// The status.
    pub status_code: u16,
    /// The headers, in small letters.
    pub headers: BTreeMap<&'static str, String>,
    /// JSON, a page, or nothing.
    pub body: String,
    /// Always false.
    pub is_base64_encoded: bool,
}

/// The sites whose pages may read an answer: `SIGNALBOX_REPORT_ORIGINS`. It keeps nobody from posting, which a form
/// may do from any page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All.
    Any,
    /// These, such as `https://codedetect.example`.
    Only(Vec<String>),
}

impl FromStr for Origins {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Origins, &'static str> {
        let origins: Vec<String> = text.split(',').map(|origin| origin.trim().to_owned()).collect();
        let is_origin = |origin: &String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
            // As a browser writes it: else no page would ever be allowed.
            let is_written = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
            let has_default_port = (origin.starts_with("https:") && host.ends_with(":443"))
                || (origin.starts_with("http:") && host.ends_with(":80"));
            !host.is_empty() && host.chars().all(is_written) && !has_default_port
        };
        let right = origins.iter().all(is_origin);
        if right {
            Ok(Origins::Only(origins))
        } else {
            Err("must be origins like https://example.com, in small letters, without :443 or :80, with commas")
        }
    }
}

impl Origins {
    fn allow(&self, origin: Option<&str>) -> Vec<(&'static str, String)> {
        match (self, origin) {
            (Origins::Any, _) => vec![("access-control-allow-origin", "*".to_owned())],
            (Origins::Only(known), Some(origin)) if known.iter().any(|known| known == origin) => {
                vec![("access-control-allow-origin", origin.to_owned()), ("vary", "origin".to_owned())]
            }
            (Origins::Only(_), _) => vec![("vary", "origin".to_owned())],
        }
    }
}

impl HttpAnswer {
    /// The answer to a request from `origin`: a page where a browser shows it, else JSON.
    #[must_use]
    pub fn to(told: &Told, origin: Option<&str>, origins: &Origins, to_be_shown: bool) -> HttpAnswer {
        let (status_code, outcome, field, reason) = match told {
            Told::Accepted => (202, "accepted", None, "thank you, somebody will read it".to_owned()),
            Told::Limited => {
                (429, "limited", None, "too many reports within the hour: it is kept and will be read".to_owned())
            }
            Told::Rejected(mistake) => (400, "rejected", Some(mistake.path.as_str()), mistake.problem.clone()),
            Told::Failed => (500, "failed", None, "it is kept and will be passed on".to_owned()),
            Told::NotKept => (503, "not_kept", None, "it could not be kept: send it again in a minute".to_owned()),
            Told::Preflight => (204, "", None, String::new()),
            Told::NotAllowed => (405, "rejected", None, "reports are posted".to_owned()),
            Told::TooLarge => (413, "rejected", Some("."), "is longer than 256 KiB".to_owned()),
            Told::UnknownType => {
                let taken = "must be application/json or application/x-www-form-urlencoded";
                (415, "rejected", Some("content-type"), taken.to_owned())
            }
        };
        let mut headers: BTreeMap<&'static str, String> = origins.allow(origin).into_iter().collect();
        headers.insert("cache-control", "no-store".to_owned());
        match told {
            Told::Preflight => headers.extend([
                ("access-control-allow-methods", "POST, OPTIONS".to_owned()),
                ("access-control-allow-headers", "content-type".to_owned()),
                ("access-control-max-age", "86400".to_owned()),
            ]),
            Told::NotAllowed => headers.extend([("allow", "POST, OPTIONS".to_owned())]),
            // In seconds.
            Told::NotKept => headers.extend([("retry-after", "60".to_owned())]),
            // The window of the limits.
            Told::Limited => headers.extend([("retry-after", "3600".to_owned())]),
            Told::Accepted | Told::Rejected(_) | Told::Failed | Told::TooLarge | Told::UnknownType => {}
        }
        let body = if outcome.is_empty() {
            String::new()
        } else if to_be_shown {
            headers.insert("content-type", "text/html; charset=utf-8".to_owned());
            headers.insert("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'".to_owned());
            shown(told, field, &reason)
        } else {
            headers.insert("content-type", "application/json".to_owned());
            let mut body = json!({ "outcome": outcome, "reason": reason });
            if let Some(field) = field {
                body["field"] = field.into();
            }
            body.to_string()
        };
        HttpAnswer { status_code, headers, body, is_base64_encoded: false }
    }
}

/// The answer as a page. Whoever goes back from it finds what they wrote.
fn shown(told: &Told, field: Option<&str>, reason: &str) -> String {
    let field = field.filter(|field| *field != ".").map(|field| format!("<b>{}</b>: ", escaped(field)));
    let (title, text) = match told {
        Told::Accepted => ("Thank you", "Your report has arrived, and somebody will read it.".to_owned()),
        Told::Limited => ("Thank you", "Many reports came within the hour. Yours is kept and will be read.".to_owned()),
        Told::Failed => {
            ("Thank you", "Your report is kept and will be passed on. You need not send it again.".to_owned())
        }
        Told::NotKept => (
            "Your report could not be taken",
            "Something went wrong on our side. Go back and send it again in a minute: what you wrote is still there."
                .to_owned(),
        ),
        Told::NotAllowed => ("This is where reports are sent to", "There is nothing to see here.".to_owned()),
        Told::Rejected(_) | Told::Preflight | Told::TooLarge | Told::UnknownType => (
            "Your report was not taken",
            format!("{}{}. Go back: what you wrote is still there.", field.unwrap_or_default(), escaped(reason)),
        ),
    };
    page(title, &format!("<p>{text}</p>"))
}
