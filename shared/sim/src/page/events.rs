//! What happened and what was decided, in order, with the reasons.

use jiff::Timestamp;
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::DecisionItem;

use super::axis::Axis;
use super::html::{count, escape};
use crate::checkers::Violation;
use crate::world::{Happening, World};

/// Up to so many rows all chapters are open; beyond, a reader opens what is of interest.
const OPEN_UP_TO_ROWS: usize = 120;
/// Up to so many actions are shown at once.
const OPEN_UP_TO_ACTIONS: usize = 3;

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// When.
    pub(super) at: Timestamp,
    /// What it tells.
    pub(super) what: What<'a>,
}

/// What a row tells.
#[derive(Debug)]
pub(super) enum What<'a> {
    /// Something happened to the world.
    Happened(&'a Happening),
    /// A service's state machine decided.
    Decided(&'a str, &'a DecisionItem),
    /// An invariant did not hold.
    Violated(&'a Violation),
}

impl Row<'_> {
    /// Whether a person did this: it opens a chapter, and its mark carries the chapter's number.
    pub(super) fn is_a_persons(&self) -> bool {
        matches!(self.what, What::Happened(Happening::Person(_)))
    }
}

/// Everything in the order of time; at the same time, what happened comes before what was decided.
pub(super) fn rows<'a>(world: &'a World, violations: &'a [Violation]) -> Vec<Row<'a>> {
    let happened = world.chronicle.iter().map(|(at, what)| Row { at: *at, what: What::Happened(what) });
    let decided = world
        .table
        .decisions
        .iter()
        .map(|(service, decision)| Row { at: decision.at, what: What::Decided(service, decision) });
    let violated = violations.iter().map(|violation| Row { at: violation.at, what: What::Violated(violation) });
    let mut rows: Vec<Row<'a>> = happened.chain(decided).chain(violated).collect();
    rows.sort_by_key(|row| row.at);
    rows
}

/// An anchor for the row with this number.
pub(super) fn anchor(number: usize) -> String {
    format!("r{number}")
}

/// A stretch of the table: what a person did, and all that came of it.
struct Chapter<'a> {
    /// Counts what people did from one; nothing before the first of them.
    number: Option<usize>,
    first_row: usize,
    rows: &'a [Row<'a>],
}

fn chapters<'a>(rows: &'a [Row<'a>]) -> Vec<Chapter<'a>> {
    let mut chapters: Vec<Chapter<'a>> = Vec::new();
    let (mut first_row, mut people) = (0, 0);
    for rows in rows.chunk_by(|_, next| !next.is_a_persons()) {
        let opened_by_a_person = rows.first().is_some_and(Row::is_a_persons);
        people += usize::from(opened_by_a_person);
        chapters.push(Chapter { number: opened_by_a_person.then_some(people), first_row, rows });
        first_row += rows.len();
    }
    chapters
}

/// The table: a chapter for each thing a person did.
pub(super) fn section(axis: &Axis, rows: &[Row<'_>]) -> String {
    let few = rows.len() <= OPEN_UP_TO_ROWS;
    let several_services = several_services(rows);
    let chapters: String = chapters(rows).iter().map(|chapter| chapter.shown(axis, few, several_services)).collect();
    format!(
        "<section aria-labelledby=\"events\">\n<h2 id=\"events\">Everything in order</h2>\n\
         <p class=\"filter\">Show \
         <label><input type=\"checkbox\" id=\"decisions\" checked=\"checked\"/> decisions</label> \
         <label><input type=\"checkbox\" id=\"notices\" checked=\"checked\"/> notices</label> \
         <label><input type=\"checkbox\" id=\"cloud\" checked=\"checked\"/> traffic, health, alarms</label></p>\n\
         {chapters}</section>\n"
    )
}

fn several_services(rows: &[Row<'_>]) -> bool {
    let mut services = rows.iter().filter_map(|row| match row.what {
        What::Decided(service, _) => Some(service),
        What::Happened(_) | What::Violated(_) => None,
    });
    services.next().is_some_and(|first| services.any(|service| service != first))
}

impl Chapter<'_> {
    fn shown(&self, axis: &Axis, open: bool, several_services: bool) -> String {
        let lines: String =
            (self.first_row..).zip(self.rows).map(|(number, row)| line(axis, number, row, several_services)).collect();
        let open = if open || self.is_violated() { " open=\"open\"" } else { "" };
        format!(
            "<details{open}>\n{}<table>\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Kind</th>\
             <th scope=\"col\">What, and why</th></tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n</details>\n",
            self.summary(axis)
        )
    }

    fn summary(&self, axis: &Axis) -> String {
        let Some(began) = self.rows.first() else { return String::new() };
        let number = self.number.map(|number| format!("<b class=\"mark\">{number}</b> ")).unwrap_or_default();
        let title = match began.what {
            What::Happened(happening @ Happening::Person(_)) => happening.to_string(),
            What::Happened(_) | What::Decided(..) | What::Violated(_) => "The beginning".to_owned(),
        };
        let decisions = self.rows.iter().filter(|row| matches!(row.what, What::Decided(..))).count();
        let class = if self.is_violated() { " class=\"bad\"" } else { "" };
        format!(
            "<summary{class}>{number}<strong>{}</strong> <small><time>{}</time>, {}, {}</small></summary>\n",
            escape(&title),
            axis.clock(began.at),
            plural(self.rows.len(), "row"),
            plural(decisions, "decision"),
        )
    }

    fn is_violated(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.what, What::Violated(_)))
    }
}

fn plural(number: usize, thing: &str) -> String {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", count(number))
}

fn line(axis: &Axis, number: usize, row: &Row<'_>, several_services: bool) -> String {
    let (class, kind) = kind(&row.what);
    let what = match &row.what {
        What::Happened(happening) => escape(&happening.to_string()),
        What::Violated(violation) => escape(&violation.to_string()),
        What::Decided(service, decision) => decided(several_services.then_some(*service), decision),
    };
    format!(
        "<tr id=\"{}\" class=\"{class}\"><td><time>{}</time></td><td><span>{kind}</span></td><td>{what}</td></tr>\n",
        anchor(number),
        axis.clock(row.at),
    )
}

/// The class that the filter and the colours know, and the word that a reader sees.
fn kind(what: &What<'_>) -> (&'static str, &'static str) {
    match what {
        What::Happened(Happening::Weights(_)) => ("cloud", "traffic"),
        What::Happened(Happening::Healthy(..)) => ("cloud", "health"),
        What::Happened(Happening::Alarm(_, AlarmState::Alarm)) => ("cloud fires", "alarm"),
        What::Happened(Happening::Alarm(_, AlarmState::Ok | AlarmState::InsufficientData)) => ("cloud", "alarm"),
        What::Happened(Happening::Person(_)) => ("person", "outside"),
        What::Happened(Happening::Told(_)) => ("notice", "notice"),
        What::Decided(..) => ("decision", "decision"),
        What::Violated(_) => ("violation", "violation"),
    }
}

fn decided(service: Option<&str>, decision: &DecisionItem) -> String {
    let of = service.map(|service| format!("{}: ", escape(service))).unwrap_or_default();
    let phase =
        decision.phase.as_ref().map(|phase| format!(", now {}", escape(&phase.replace('_', " ")))).unwrap_or_default();
    format!(
        "{of}{}<div class=\"why\">on {} → {}{phase}</div>{}",
        escape(&decision.reason),
        escape(&decision.trigger),
        decision.outcome.name(),
        actions(decision)
    )
}

fn actions(decision: &DecisionItem) -> String {
    let lines: String =
        decision.actions.iter().map(|action| format!("<li>{}</li>", escape(&action.to_string()))).collect();
    match decision.actions.len() {
        0 => String::new(),
        few if few <= OPEN_UP_TO_ACTIONS => format!("<ul>{lines}</ul>"),
        many => format!("<details><summary>{}</summary><ul>{lines}</ul></details>", plural(many, "action")),
    }
}
