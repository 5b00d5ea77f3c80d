//! What came since the last time, for a phone.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::html::{escaped, page};
use super::normalise::cut;
use super::sinks::LONGEST_SUBJECT;
use super::tally::Tally;
use crate::chat;
use crate::text::minute;

/// Most threads that are shown; the others are counted.
const MOST_SHOWN: usize = 20;

/// A digest, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The subject of the mail, at most 100 characters.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The same for chat.
    pub chat: String,
}

pub(super) fn made(tally: &Tally, now: Timestamp) -> Digest {
    let subject = cut(&format!("Reports: {}", summary(tally)), LONGEST_SUBJECT);
    let text = text(tally);
    let html = page(&subject, &format!("<div style=\"white-space:pre-wrap\">{}</div>", escaped(&text)));
    let chat = chat::notification(&format!("digest/{}", now.as_second()), &subject, &text, "digest");
    Digest { subject, text, html, chat }
}

fn summary(tally: &Tally) -> String {
    let types = tally.types.iter().map(|(kind, count)| format!("{count} {}", kind.name()));
    let others = [
        (tally.limited, "limited"),
        (tally.rejected, "rejected"),
        (tally.trapped, "by programs"),
        (tally.unsent, "not sent to everybody"),
    ];
    let others = others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    types.chain(others).collect::<Vec<_>>().join(", ")
}

fn text(tally: &Tally) -> String {
    let mut text = format!("Since {}: {}.\n", minute(tally.since), summary(tally));
    if tally.limited > 0 {
        text.push_str("Limited ones were not mailed: signalbox reports --unsent\n");
    }
    if tally.unsent > 0 {
        text.push_str("Not everybody was told of some: signalbox reports --unsent\n");
    }
    if !tally.releases.is_empty() {
        text.push_str("\nBy release\n");
        for (release, count) in &tally.releases {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "- {release}: {count}");
        }
    }
    let mut threads: Vec<_> = tally.threads.iter().collect();
    threads.sort_by_key(|(fingerprint, of)| (std::cmp::Reverse((of.rank(), of.count)), *fingerprint));
    if !threads.is_empty() {
        text.push_str("\nThreads\n");
    }
    for (fingerprint, of) in threads.iter().take(MOST_SHOWN) {
        let limited = if of.limited > 0 { format!(", {} limited", of.limited) } else { String::new() };
        let (count, what, severity) = (of.count, &of.of, of.severity.name());
        let _ = writeln!(text, "- {count}x {what}, {severity}{limited}: {} ({})", of.title, fingerprint.short());
    }
    let beyond: u64 = threads.iter().skip(MOST_SHOWN).map(|(_, of)| of.count).sum::<u64>() + tally.of_others;
    if beyond > 0 {
        let _ = writeln!(text, "- and {beyond} reports in other threads");
    }
    text
}
