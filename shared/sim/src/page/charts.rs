//! What the world counted, drawn over one time axis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::AlarmState;

use super::axis::{Axis, clock, short_clock};
use super::events::{Row, What, anchor};
use super::html::escape;
use crate::checkers::Violation;
use crate::traffic::Second;
use crate::world::{Happening, World};

/// More bars than this nobody can tell apart.
const MOST_BUCKETS: i64 = 1_200;
/// How many seconds of failures may share a bar.
const BUCKETS: [i64; 8] = [10, 20, 30, 60, 120, 300, 600, 3_600];
/// A stretch of traffic is named where it is at least this part of the axis.
const NAMED_FROM_PARTS: i64 = 8;
/// More things that people did than this are not spelled out over the charts.
const MOST_IN_KEY: usize = 8;
/// How many changes a chart's description spells out.
const DESCRIBED: usize = 30;

/// A value and the second from which on it holds.
type Change<T> = (i64, T);

/// All charts, the lanes of what happened, and the axis.
pub(super) fn section(axis: &Axis, world: &World, violations: &[Violation], rows: &[Row<'_>]) -> String {
    let under = grid(axis);
    let over = foreground(axis, world, rows, violations);
    let bucket = bucket_seconds(axis);
    let most = most_healthy(world);
    let lanes: String = Slot::BOTH.into_iter().map(|slot| healthy(axis, world, slot, most, &under, &over)).collect();
    let parts = [
        happened(axis, rows, world),
        caption("Share of the traffic", "<i class=\"blue\"></i>blue <i class=\"green\"></i>green"),
        traffic(axis, world, &under, &over),
        caption("Healthy targets", ""),
        lanes,
        caption(&format!("Failed requests, per {}", spoken_seconds(bucket)), ""),
        failures(axis, world, bucket, &under, &over),
        ticks(axis),
    ];
    format!(
        "<section class=\"charts\" aria-label=\"Charts over the time since the beginning\">\n{}{}</section>\n",
        readout(axis),
        parts.concat()
    )
}

/// What the script fills in; without it nobody sees it.
fn readout(axis: &Axis) -> String {
    format!(
        "<p class=\"readout\" hidden=\"hidden\"><label for=\"moment\">Moment</label>\
         <input type=\"range\" id=\"moment\" min=\"0\" max=\"{}\" value=\"0\"/>\
         <output for=\"moment\"></output></p>\n",
        axis.length_seconds()
    )
}

/// The numbers behind the charts, for the read-out.
pub(super) fn data(axis: &Axis, world: &World) -> String {
    let list = |changes: &[Change<String>]| {
        changes.iter().map(|(from, value)| format!("[{from},{value}]")).collect::<Vec<_>>().join(",")
    };
    let weights = changes(axis, world, |second| format!("{},{}", second.weights.blue, second.weights.green));
    let healthy = changes(axis, world, |second| format!("{},{}", second.healthy.blue, second.healthy.green));
    let bucket = bucket_seconds(axis);
    let failed: Vec<String> = buckets(axis, world, bucket).iter().map(u64::to_string).collect();
    format!(
        "const history = {{ weights: [{}], healthy: [{}], bucket: {bucket}, failed: [{}] }};\n",
        list(&weights),
        list(&healthy),
        failed.join(",")
    )
}

fn traffic(axis: &Axis, world: &World, under: &str, over: &str) -> String {
    let blue = changes(axis, world, |second| u32::from(second.weights.blue));
    let any = changes(axis, world, |second| if second.weights.blue + second.weights.green > 0 { 100 } else { 0 });
    let told: Vec<Change<String>> = changes(axis, world, |second| second.weights)
        .into_iter()
        .map(|(from, shares)| (from, format!("blue {} % and green {} %", shares.blue, shares.green)))
        .collect();
    let shapes = format!(
        "<path class=\"green\" d=\"{}\"/><path class=\"blue\" d=\"{}\"/>",
        area(axis, &any, 100),
        area(axis, &blue, 100)
    );
    let chart = Chart { id: "traffic", title: "Share of traffic per slot", told: &described(&told), top: 100, shapes };
    let y = scale("100 %", "0 %");
    chart.drawn(axis, "", &y, under, over, &names(axis, world))
}

/// The slots' names on the long stretches in which one has all traffic.
fn names(axis: &Axis, world: &World) -> String {
    let sole = changes(axis, world, |second| Slot::BOTH.into_iter().find(|slot| second.weights[*slot] >= 99));
    let mut names = String::new();
    for (from, to, slot) in stretches(axis, &sole) {
        if let (Some(slot), true) = (slot, (to - from) * NAMED_FROM_PARTS >= axis.length_seconds()) {
            let left = axis.left(from + (to - from) / 2);
            names.push_str(&format!("<span class=\"name on-{slot}\" style=\"left:{left}\">{slot}</span>"));
        }
    }
    names
}

fn healthy(axis: &Axis, world: &World, slot: Slot, most: u32, under: &str, over: &str) -> String {
    let targets = changes(axis, world, |second| second.healthy[slot]);
    let told: Vec<Change<String>> = targets.iter().map(|(from, healthy)| (*from, healthy.to_string())).collect();
    let shapes = format!(
        "<path class=\"{slot} soft\" d=\"{}\"/><path class=\"line {slot}\" d=\"{}\"/>",
        area(axis, &targets, most),
        line(axis, &targets, most)
    );
    let title = format!("Healthy targets of {slot}");
    let chart = Chart { id: &format!("healthy-{slot}"), title: &title, told: &described(&told), top: most, shapes };
    let y = format!("<b>{slot}</b>{}", scale(&most.to_string(), "0"));
    chart.drawn(axis, "low", &y, under, over, "")
}

fn failures(axis: &Axis, world: &World, bucket: i64, under: &str, over: &str) -> String {
    let failed = buckets(axis, world, bucket);
    let most = u32::try_from(failed.iter().copied().max().unwrap_or(0)).unwrap_or(u32::MAX).max(1);
    let bars: Vec<Change<u32>> = (0..)
        .zip(&failed)
        .map(|(number, failed)| (number * bucket, u32::try_from(*failed).unwrap_or(u32::MAX)))
        .collect();
    let total: u64 = failed.iter().sum();
    let told = format!("{total} failed in all, at most {most} in {}.", spoken_seconds(bucket));
    let shapes = format!("<path class=\"failed\" d=\"{}\"/>", area(axis, &bars, most));
    let chart = Chart { id: "failed", title: "Failed requests", told: &told, top: most, shapes };
    chart.drawn(axis, "", &scale(&most.to_string(), "0"), under, over, "")
}

/// One chart: shapes in a stretching SVG, words in the HTML around it.
struct Chart<'a> {
    id: &'a str,
    title: &'a str,
    /// What it shows, for who cannot see it.
    told: &'a str,
    /// The value at the upper edge.
    top: u32,
    shapes: String,
}

impl Chart<'_> {
    fn drawn(&self, axis: &Axis, class: &str, y: &str, under: &str, over: &str, names: &str) -> String {
        let Chart { id, title, told, top, shapes } = self;
        let width = axis.length_seconds();
        // The lines that all charts share are drawn for a height of one, and stretched.
        let stretched = |lines: &str| format!("<g transform=\"scale(1 {top})\">{lines}</g>");
        format!(
            "<div class=\"chart {class}\"><div class=\"y\" aria-hidden=\"true\">{y}</div><div class=\"plot\">\
             <svg role=\"img\" aria-labelledby=\"{id}-title {id}-told\" viewBox=\"0 0 {width} {top}\" \
             preserveAspectRatio=\"none\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-told\">{}</desc>\
             {}{shapes}{}</svg>{names}</div></div>\n",
            escape(title),
            escape(told),
            stretched(under),
            stretched(over),
        )
    }
}

fn caption(title: &str, legend: &str) -> String {
    format!("<h2 class=\"caption\">{title} <span>{legend}</span></h2>\n")
}

fn scale(top: &str, bottom: &str) -> String {
    format!("<span class=\"top\">{top}</span><span class=\"bottom\">{bottom}</span>")
}

/// Behind the shapes: the ticks' lines.
fn grid(axis: &Axis) -> String {
    let lines: String = axis.ticks().iter().map(|tick| format!("M{tick} 0V1")).collect();
    format!("<path class=\"grid\" d=\"{lines}\"/>")
}

/// Over the shapes: when alarms fired, what people did, and what must not have happened.
fn foreground(axis: &Axis, world: &World, rows: &[Row<'_>], violations: &[Violation]) -> String {
    let line = |at: Timestamp| format!("M{} 0V1", axis.second(at));
    let fired: String = alarms(axis, world).iter().map(|(from, to, _)| format!("M{from} 0H{to}V1H{from}Z")).collect();
    let asked: String = rows.iter().filter(|row| row.is_a_persons()).map(|row| line(row.at)).collect();
    let violated: String = violations.iter().map(|violation| line(violation.at)).collect();
    format!(
        "<path class=\"fired\" d=\"{fired}\"/><path class=\"asked\" d=\"{asked}\"/>\
         <path class=\"violated\" d=\"{violated}\"/>"
    )
}

/// A lane of marks over the time axis, in the order from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Violations,
    People,
    Alarms,
    Notices,
}

impl Lane {
    const ALL: [Lane; 4] = [Lane::Violations, Lane::People, Lane::Alarms, Lane::Notices];

    fn name(self) -> &'static str {
        match self {
            Lane::Violations => "violations",
            Lane::People => "outside",
            Lane::Alarms => "alarms",
            Lane::Notices => "notices",
        }
    }

    /// The lane of a row, the shape of its mark and what it says; traffic and health have charts.
    fn of(row: &Row<'_>) -> Option<(Lane, &'static str, String)> {
        match &row.what {
            What::Violated(violation) => Some((Lane::Violations, "violation", violation.to_string())),
            What::Happened(happening) => {
                let (lane, shape) = match happening {
                    Happening::Person(_) => (Lane::People, "person mark"),
                    Happening::Alarm(_, AlarmState::Alarm) => (Lane::Alarms, "fires"),
                    Happening::Alarm(_, AlarmState::Ok | AlarmState::InsufficientData) => (Lane::Alarms, "calm"),
                    Happening::Told(_) => (Lane::Notices, "notice"),
                    Happening::Weights(_) | Happening::Healthy(..) => return None,
                };
                Some((lane, shape, happening.to_string()))
            }
            What::Decided(..) => None,
        }
    }
}

/// The lanes of what happened: each mark leads to its row of the table.
fn happened(axis: &Axis, rows: &[Row<'_>], world: &World) -> String {
    let mut marks =
        Lane::ALL.map(|lane| (lane, if lane == Lane::Alarms { firing(axis, world) } else { String::new() }));
    let mut people = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let Some((lane, shape, text)) = Lane::of(row) else { continue };
        let at = axis.clock(row.at);
        let text = escape(&text);
        let mut label = String::new();
        if lane == Lane::People {
            people.push(format!("<li><b class=\"mark\">{}</b> {text} <time>{at}</time></li>", people.len() + 1));
            label = people.len().to_string();
        }
        let mark = format!(
            "<a class=\"{shape}\" href=\"#{}\" tabindex=\"-1\" style=\"left:{}\" title=\"{at} {text}\">{label}</a>",
            anchor(number),
            axis.left(axis.second(row.at)),
        );
        marks.iter_mut().filter(|(of, _)| *of == lane).for_each(|(_, marks)| marks.push_str(&mark));
    }
    let key = if people.is_empty() || people.len() > MOST_IN_KEY {
        String::new()
    } else {
        format!("<ol class=\"key\">{}</ol>\n", people.concat())
    };
    let lanes = marks.iter().filter(|(lane, marks)| *lane != Lane::Violations || !marks.is_empty());
    let lanes: String = lanes.map(|(lane, marks)| lane_of(*lane, marks)).collect();
    format!(
        "{}{key}{lanes}",
        caption("What happened", "▲ an alarm fires, ○ is OK again; each mark leads to its line below")
    )
}

fn lane_of(lane: Lane, marks: &str) -> String {
    let name = lane.name();
    format!("<div class=\"chart lane\"><div class=\"y\">{name}</div><div class=\"plot\">{marks}</div></div>\n")
}

fn firing(axis: &Axis, world: &World) -> String {
    let bar = |(from, to, name): (i64, i64, String)| {
        format!(
            "<span class=\"firing\" style=\"left:{};width:{}\" title=\"{}\"></span>",
            axis.left(from),
            axis.left(to - from),
            escape(&name)
        )
    };
    alarms(axis, world).into_iter().map(bar).collect()
}

fn ticks(axis: &Axis) -> String {
    let tick = |second: i64| {
        // The last label would stick out of a phone's screen.
        let class = if second * 20 > axis.length_seconds() * 19 { " class=\"last\"" } else { "" };
        format!("<span{class} style=\"left:{}\">{}</span>", axis.left(second), short_clock(second))
    };
    let ticks: String = axis.ticks().into_iter().map(tick).collect();
    format!("<div class=\"chart ticks\"><div class=\"y\">h:mm</div><div class=\"plot\">{ticks}</div></div>\n")
}

/// When which alarm fired: from, to, and its name.
fn alarms(axis: &Axis, world: &World) -> Vec<(i64, i64, String)> {
    let mut firing = BTreeMap::<&str, i64>::new();
    let mut fired = Vec::new();
    for (at, happening) in &world.chronicle {
        let second = axis.second(*at);
        match happening {
            Happening::Alarm(name, AlarmState::Alarm) => {
                firing.entry(name).or_insert(second);
            }
            Happening::Alarm(name, AlarmState::Ok | AlarmState::InsufficientData) => {
                if let Some(from) = firing.remove(name.as_str()) {
                    fired.push((from, second, name.clone()));
                }
            }
            Happening::Weights(_) | Happening::Healthy(..) | Happening::Person(_) | Happening::Told(_) => {}
        }
    }
    fired.extend(firing.into_iter().map(|(name, from)| (from, axis.length_seconds(), name.to_owned())));
    fired
}

/// Every change of a value, and nothing between changes. The first second stands for what was before it.
fn changes<T: PartialEq>(axis: &Axis, world: &World, value: impl Fn(&Second) -> T) -> Vec<Change<T>> {
    let mut changes: Vec<Change<T>> = Vec::new();
    for second in &world.counted.seconds {
        let value = value(second);
        if changes.last().is_none_or(|(_, last)| *last != value) {
            let from = axis.second(second.at);
            changes.push((if changes.is_empty() { (from - 1).max(0) } else { from }, value));
        }
    }
    changes
}

/// Changes as stretches: from, to and the value between.
fn stretches<T: Copy>(axis: &Axis, changes: &[Change<T>]) -> Vec<(i64, i64, T)> {
    let ends = changes.iter().skip(1).map(|(from, _)| *from).chain([axis.length_seconds()]);
    changes.iter().zip(ends).map(|((from, value), to)| (*from, to, *value)).collect()
}

/// A filled shape under the values, for a view box of this height.
fn area(axis: &Axis, changes: &[Change<u32>], top: u32) -> String {
    let Some((from, _)) = changes.first() else { return String::new() };
    format!("M{from} {top}{}V{top}Z", steps(axis, changes, top))
}

/// A line of steps along the values, for a view box of this height.
fn line(axis: &Axis, changes: &[Change<u32>], top: u32) -> String {
    let Some((from, first)) = changes.first() else { return String::new() };
    format!("M{from} {}{}", top.saturating_sub(*first), steps(axis, changes, top))
}

fn steps(axis: &Axis, changes: &[Change<u32>], top: u32) -> String {
    let stretches = stretches(axis, changes).into_iter();
    stretches.map(|(_, to, value)| format!("V{}H{to}", top.saturating_sub(value))).collect()
}

fn described(changes: &[Change<String>]) -> String {
    if changes.is_empty() {
        return "Nothing was measured.".to_owned();
    }
    let told: Vec<String> =
        changes.iter().take(DESCRIBED).map(|(from, value)| format!("{value} from {}", clock(*from))).collect();
    let more = changes.len().saturating_sub(DESCRIBED);
    let more = if more > 0 { format!(", and {more} more changes") } else { String::new() };
    format!("{}{more}.", told.join(", "))
}

fn most_healthy(world: &World) -> u32 {
    let most = |second: &Second| second.healthy.blue.max(second.healthy.green);
    world.counted.seconds.iter().map(most).max().unwrap_or(0).max(1)
}

fn bucket_seconds(axis: &Axis) -> i64 {
    let length = axis.length_seconds();
    BUCKETS.into_iter().find(|bucket| length / bucket <= MOST_BUCKETS).unwrap_or(length / MOST_BUCKETS + 1)
}

fn buckets(axis: &Axis, world: &World, bucket: i64) -> Vec<u64> {
    let mut failed = Vec::new();
    for second in &world.counted.seconds {
        // What is counted at a second happened in the second before it.
        let number = usize::try_from((axis.second(second.at) - 1).max(0) / bucket).unwrap_or(0);
        if failed.len() <= number {
            failed.resize(number + 1, 0);
        }
        failed[number] += u64::from(second.failed);
    }
    failed
}

fn spoken_seconds(seconds: i64) -> String {
    if seconds >= 60 { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}
