//! `signalbox reports`: what people reported, in lines short enough for a phone.
//!
//! Strangers wrote it. What a terminal would act on was taken out before it was kept, and is taken out again here; each
//! line of a message begins with a sign, so that none of them can look like one of ours.

use std::cmp::Reverse;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use signalbox_domain::report::normalise::{line, lines};
use signalbox_domain::report::{Entry, Sink};
use signalbox_domain::text::ServiceName;

use crate::show;

/// Which reports are asked for.
#[derive(Args)]
pub(crate) struct Reports {
    /// Only those that not everybody was told of: they were limited, or could not be sent.
    #[arg(long)]
    unsent: bool,
    /// Only those of this thread: its 8 or 32 hexadecimal digits, as a notice, a mail or the digest shows them.
    #[arg(long, value_name = "ID", value_parser = thread)]
    thread: Option<String>,
    /// Only those about this service.
    #[arg(long, value_name = "NAME")]
    service: Option<ServiceName>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value = "20", value_parser = count)]
    last: usize,
}

/// The newest of those that were asked for.
struct Picked {
    shown: Vec<Entry>,
    matching: usize,
    kept: usize,
}

impl Reports {
    /// Prints those of all that are kept that were asked for.
    pub(crate) fn show(&self, kept: Vec<Entry>, json: bool) -> ExitCode {
        let picked = self.pick(kept);
        if json {
            show::line(picked.json());
        } else {
            picked.lines().iter().for_each(show::line);
        }
        ExitCode::SUCCESS
    }

    fn pick(&self, mut kept: Vec<Entry>) -> Picked {
        let of_all = kept.len();
        kept.retain(|entry| self.is_asked_for(entry));
        kept.sort_by_cached_key(|entry| Reverse((entry.received_at, entry.number, entry.id.clone())));
        let matching = kept.len();
        kept.truncate(self.last);
        Picked { shown: kept, matching, kept: of_all }
    }

    fn is_asked_for(&self, entry: &Entry) -> bool {
        let of_thread = |id: &String| entry.thread.as_str().starts_with(id.as_str());
        (!self.unsent || entry.is_unsent())
            && self.thread.as_ref().is_none_or(of_thread)
            && self.service.as_ref().is_none_or(|service| entry.context.service.as_ref() == Some(service))
    }
}

impl Picked {
    fn lines(&self) -> Vec<String> {
        if self.shown.is_empty() {
            return vec![match self.kept {
                0 => "no report is kept".to_owned(),
                kept => format!("0 of {kept} kept reports match"),
            }];
        }
        let mut text = self.shown.iter().map(block).collect::<Vec<_>>().join(&[String::new()][..]);
        if self.matching > self.shown.len() {
            let (more, all) = (self.matching - self.shown.len(), self.matching);
            text.extend([String::new(), format!("{more} more: --last {all} shows all")]);
        }
        text
    }

    /// As the table has them. JSON may have control characters beyond ASCII as they are, and a terminal would act on
    /// them.
    fn json(&self) -> String {
        let answer = json!({ "reports": self.shown, "more": self.matching - self.shown.len() }).to_string();
        let escaped = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
        answer.chars().map(escaped).collect()
    }
}

/// One report.
fn block(entry: &Entry) -> Vec<String> {
    let (report, context) = (&entry.report, &entry.context);
    let service = context.service.as_ref().map_or("unknown service", |service| service.as_str());
    let (kind, severity) = (report.kind.name(), entry.severity.name());
    let received = entry.received_at.strftime("%Y-%m-%d %H:%M UTC");
    let release = context.release.as_ref().map(|release| format!(", release {release}")).unwrap_or_default();
    let mut block = vec![
        format!("{received}  {service} {kind}, {severity}{}", unsent(entry)),
        format!("  thread {}, number {}{release}", entry.thread.short(), entry.number),
        format!("  from {}", report.email.as_str()),
    ];
    for (name, value) in [("name", &report.name), ("page", &report.page)] {
        block.extend(value.as_ref().map(|value| format!("  {name}: {}", line(value, usize::MAX))));
    }
    block.extend(lines(&report.message).lines().map(|line| format!("  > {line}").trim_end().to_owned()));
    let kept = report.message.chars().count();
    block.extend(report.cut_from.map(|of| format!("  (cut: the first {kept} of {of} characters)")));
    block
}

/// Why not everybody was told.
fn unsent(entry: &Entry) -> String {
    if let Some(limit) = entry.limited {
        return format!("  (limited: {})", limit.name());
    }
    if entry.owed.is_empty() {
        return String::new();
    }
    let owed: Vec<&str> = entry.owed.iter().copied().map(Sink::name).collect();
    format!("  (owed: {})", owed.join(", "))
}

/// A thread, such as `4d282536`.
fn thread(text: &str) -> Result<String, &'static str> {
    let is_one = matches!(text.len(), 8 | 32) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wrong = "give the 8 or 32 hexadecimal digits of a thread, such as 4d282536";
    is_one.then(|| text.to_ascii_lowercase()).ok_or(wrong)
}

/// How many, from 1.
fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("give a whole number from 1, such as 20")
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use jiff::{SignedDuration, Timestamp};
    use serde_json::Value;
    use signalbox_domain::report::{Context, Document, Known, Limit, Received, Rules, Saved, decide};

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        reports: Reports,
    }

    fn asked(options: &[&str]) -> Result<Reports, String> {
        let typed = Typed::try_parse_from(["reports"].iter().chain(options)).map_err(|error| error.to_string())?;
        Ok(typed.reports)
    }

    /// The report that came so many minutes after half past one, sent to everybody.
    fn entry(minutes: i64, message: &str) -> Entry {
        let document = json!({ "type": "bug", "email": "ada@example.com", "message": message });
        let report = Document::from_value(&document).and_then(|document| document.report()).unwrap();
        let received = Received { id: format!("m-{minutes}"), report };
        let first: Timestamp = "2026-11-23T01:30:00Z".parse().unwrap();
        let now = first + SignedDuration::from_mins(minutes);
        let (service, release) = ("codedetect".parse().ok(), "v43".parse().ok());
        let context = Context { service, release, ..Context::default() };
        let saved = decide(&received, Known::default(), &context, &Rules::default(), now).saved;
        let Saved::All { mut entry, .. } = saved else { panic!("it is new") };
        entry.owed.clear();
        *entry
    }

    fn said(options: &[&str], kept: &[Entry]) -> String {
        asked(options).unwrap().pick(kept.to_vec()).lines().join("\n")
    }

    #[test]
    fn the_newest_comes_first_with_all_that_a_person_needs() {
        let mut limited = entry(1, "Upload fails\n\n  at line 3");
        (limited.limited, limited.number) = (Some(Limit::Address), 6);
        (limited.report.name, limited.report.page) = (Some("Ada".to_owned()), Some("/upload".to_owned()));
        let mut owing = entry(2, "a button is green");
        (owing.owed, owing.report.cut_from) = ([Sink::Chat, Sink::Mail].into(), Some(7_000));
        (owing.context.service, owing.context.release) = (None, None);
        let (upload, button) = (limited.thread.short().to_owned(), owing.thread.short().to_owned());
        let kept = [entry(0, "it fails"), limited, owing];
        let expected = format!(
            "2026-11-23 01:32 UTC  unknown service bug, warning  (owed: chat, mail)\n  \
               thread {button}, number 1\n  \
               from ada@example.com\n  \
               > a button is green\n  \
               (cut: the first 17 of 7000 characters)\n\
             \n\
             2026-11-23 01:31 UTC  codedetect bug, warning  (limited: address)\n  \
               thread {upload}, number 6, release v43\n  \
               from ada@example.com\n  \
               name: Ada\n  \
               page: /upload\n  \
               > Upload fails\n  \
               >\n  \
               >   at line 3"
        );
        assert_eq!(said(&["--unsent"], &kept), expected);
        assert_eq!(said(&["--thread", &upload.to_uppercase(), "--service", "codedetect"], &kept).lines().count(), 8);
        assert!(said(&[], &kept).ends_with("\n  > it fails"));
    }

    #[test]
    fn what_is_left_out_is_counted_and_nothing_is_said_in_one_sentence() {
        let kept = [entry(0, "one"), entry(1, "two"), entry(2, "three")];
        let cut = said(&["--last", "1"], &kept);
        assert!(cut.contains("> three\n\n2 more: --last 3 shows all") && !cut.contains("> two"), "{cut}");
        assert_eq!(said(&[], &[]), "no report is kept");
        assert_eq!(said(&["--unsent"], &kept), "0 of 3 kept reports match");
        assert_eq!(said(&["--service", "shop"], &kept), "0 of 3 kept reports match");
    }

    #[test]
    fn nothing_that_a_stranger_wrote_is_acted_on_or_looks_like_ours() {
        // As no reporter of ours would keep it.
        let mut hostile = entry(0, "it fails");
        let evil = "a\u{1b}[2J\u{9b}2J\u{7}\u{202e}\r2026-11-23 01:30 UTC\u{85}  thread 00000000\u{2028}b\tc";
        hostile.report.message = evil.to_owned();
        (hostile.report.name, hostile.report.page) = (Some(evil.to_owned()), Some(evil.to_owned()));
        let text = said(&[], std::slice::from_ref(&hostile));
        assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}' && c != '\u{2028}')), "{text:?}");
        let (ours, theirs): (Vec<_>, Vec<_>) = text.lines().partition(|line| !line.starts_with("  > "));
        assert_eq!((ours.len(), theirs.len()), (5, 4), "{text}");
        assert!(ours[3].starts_with("  name: a") && ours[4].starts_with("  page: a"), "{text}");

        let json = asked(&[]).unwrap().pick(vec![hostile]).json();
        assert!(!json.chars().any(char::is_control), "{json:?}");
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&read["reports"][0]["report"]["message"], &read["more"]), (&json!(evil), &json!(0)));
    }

    #[test]
    fn a_wrong_value_is_told_what_would_be_right() {
        for (option, value, right) in [
            ("--thread", "4d28", "8 or 32 hexadecimal digits"),
            ("--thread", "upload-x", "8 or 32 hexadecimal digits"),
            ("--last", "0", "a whole number from 1"),
            ("--last", "all", "a whole number from 1"),
            ("--service", "a shop", "letters, digits"),
        ] {
            let problem = asked(&[option, value]).err().unwrap();
            assert!(problem.contains(option) && problem.contains(right), "{problem}");
        }
    }
}
