//! A mail of AWS Budgets, which it publishes to a topic as plain text. AWS documents no shape of it; this is the
//! one that is seen to arrive.
//!
//! Only lines that are a label and its value decide, and of those only the ones named here. The prose repeats
//! amounts and names that people chose, so it is never read. Nor is the budget's name: nothing in a message
//! names what to act on.

use signalbox_domain::billing::{BudgetAlert, BudgetReport, Trigger};
use signalbox_domain::mistake::Mistake;
use signalbox_domain::money::Cents;

use crate::incoming::Incoming;

/// How every such mail begins.
const BEGINNING: &str = "AWS Budget Notification";
/// Longest mail, in bytes: what SNS takes.
const LONGEST: usize = 256 * 1024;

/// By its first line that is not blank. No JSON begins like that.
pub(crate) fn claims(message: &str) -> bool {
    message.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with(BEGINNING))
}

pub(crate) fn parse(message: &str) -> Result<Incoming, Mistake> {
    if message.len() > LONGEST {
        return Err(Mistake::at(".", "is longer than what SNS takes"));
    }
    // Of usage, or of what reservations and savings plans cover: hours or percent, and no amount.
    if !labelled(message, "Budget Type")?.eq_ignore_ascii_case("Cost") {
        return Ok(Incoming::Irrelevant { reason: "a budget that is not about cost".to_owned() });
    }
    let (alert, amount) = match labelled(message, "Alert Type")? {
        "ACTUAL" => (BudgetAlert::Actual, "ACTUAL Amount"),
        "FORECASTED" => (BudgetAlert::Forecasted, "FORECASTED Amount"),
        _ => return Err(Mistake::at("Alert Type", "must be ACTUAL or FORECASTED")),
    };
    let amount: Cents =
        labelled(message, amount)?.parse().map_err(|problem| Mistake::at(amount, format!("{problem}")))?;
    Ok(Incoming::Billing(Trigger::BudgetReported(BudgetReport { alert, amount })))
}

/// The value of the only line with this label. Of two of them nobody could say which is meant, even if they agree.
fn labelled<'a>(message: &'a str, label: &str) -> Result<&'a str, Mistake> {
    let mut values = message.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map(str::trim);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        (_, None) => Err(Mistake::at(label, "is required")),
        (_, Some(_)) => Err(Mistake::at(label, "stands there more than once")),
    }
}
