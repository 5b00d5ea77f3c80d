//! A script as people read it.

use std::fmt;

use signalbox_domain::billing::BudgetAlert;
use signalbox_domain::money::Cents;
use signalbox_domain::trigger::AlarmState;

use super::script::{Line, Quality, What, When};
use crate::autoscaling::Zone;
use crate::faults::Wrong;

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            When::Later(0) => write!(f, "at once: {}", self.what),
            When::Later(seconds) => write!(f, "{seconds} s later: {}", self.what),
            When::In(phase, seconds) => write!(f, "{seconds} s into {phase}: {}", self.what),
            When::Soon(phase, seconds) => write!(f, "{seconds} s into {phase}, or ten minutes later: {}", self.what),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Deploy(id, release) => write!(f, "somebody deploys {release} ({id})"),
            What::FixForward(id, release) => write!(f, "somebody deploys {release} as the cure ({id})"),
            What::DeployAsking(id, release) => write!(f, "somebody deploys {release}, to be asked on failure ({id})"),
            What::Rollback(id) => write!(f, "somebody asks for a rollback ({id})"),
            What::ForceRollback(id) => write!(f, "somebody forces a rollback ({id})"),
            What::Say(word) => write!(f, "somebody says {}", word.verb()),
            What::Freeze(seconds) => write!(f, "somebody freezes deployments for {seconds} s"),
            What::Charge(cents) => write!(f, "AWS has charged {}", Cents(*cents)),
            What::LateCharge(cents, seconds) => write!(f, "AWS had charged {} {seconds} s ago", Cents(*cents)),
            What::BudgetsMail(BudgetAlert::Actual, cents) => {
                write!(f, "a mail says that {} was charged", Cents(*cents))
            }
            What::BudgetsMail(BudgetAlert::Forecasted, cents) => write!(f, "a mail expects {}", Cents(*cents)),
            What::ReleaseBilling => f.write_str("somebody lifts what billing holds back"),
            What::ConfirmBilling => f.write_str("somebody confirms what is charged"),
            What::UsersReport(count) => write!(f, "{count} users report the same bug"),
            What::ExemptBilling(seconds) => write!(f, "somebody answers for what is charged for {seconds} s"),
            What::Thaw => f.write_str("somebody thaws deployments"),
            What::Adopt(slot, release) => write!(f, "somebody says that {slot} is live with {release}"),
            What::Alarm(state, seconds) => {
                let state = match state {
                    AlarmState::Alarm => "fires",
                    AlarmState::Ok => "is OK",
                    AlarmState::InsufficientData => "has no data",
                };
                write!(f, "the alarm {state} for {seconds} s")
            }
            What::DeleteAlarm => f.write_str("somebody deletes the alarm"),
            What::Weights(blue, green) => write!(f, "somebody sets the weights to blue {blue} / green {green}"),
            What::Resize(slot, min, desired, max) => write!(f, "somebody sets {slot}'s group to {min}/{desired}/{max}"),
            What::Scale(slot, size) => write!(f, "scaling wants {size} on {slot}"),
            What::Rebalance(slot) => write!(f, "{slot}'s zones are rebalanced"),
            What::Schedule(slot, min, desired, max) => {
                write!(f, "a schedule sets {slot}'s group to {min}/{desired}/{max}")
            }
            What::Sicken(slot) => write!(f, "every instance of {slot} falls sick"),
            What::Heal(slot) => write!(f, "{slot}'s instances recover"),
            What::SickenOne(slot) => write!(f, "an instance of {slot} falls sick"),
            What::Ail(slot) => write!(f, "an instance of {slot} fails its health checks and answers all the same"),
            What::SickenZone(slot) => write!(f, "{slot}'s instances in {} fall sick", Zone::B.name()),
            What::SickenProtected(slot) => write!(f, "an instance of {slot} that is protected falls sick"),
            What::HealsItself(slot) => write!(f, "{slot}'s group is of health-check type ELB"),
            What::GroupTakes(slot) => write!(f, "{slot}'s group takes its sick instances away by itself"),
            What::Report(cause, count) => write!(f, "AWS says of {count} of blue's instances: {cause}"),
            What::Withdraw(cause, count) => write!(f, "AWS withdraws of {count} of blue's instances: {cause}"),
            What::ReportStranger(cause) => write!(f, "AWS says of an instance that nobody knows: {cause}"),
            What::Replace => f.write_str("somebody asks to replace an instance of blue"),
            What::NoCapacity(true) => f.write_str("no instance can be launched any more"),
            What::NoCapacity(false) => f.write_str("instances can be launched again"),
            What::Throttle(seconds) => write!(f, "every call is throttled for {seconds} s"),
            What::Sticky(0) => f.write_str("clients do not stick any more"),
            What::Sticky(seconds) => write!(f, "clients stick to their slot for {seconds} s"),
            What::Crash(slot) => write!(f, "an instance of {slot} crashes"),
            What::Requests(per_second) => write!(f, "{per_second} requests a second come from now on"),
            What::Neighbours(0) => f.write_str("nobody else in the account calls the load balancer"),
            What::Neighbours(calls) => write!(f, "others in the account make {calls} load balancer calls a second"),
            What::Suppress(true) => f.write_str("somebody suppresses the alarm"),
            What::Suppress(false) => f.write_str("the alarm is not suppressed any more"),
            What::Release(release, quality) => write!(f, "{release} {quality}"),
            What::HookRefuses(true) => f.write_str("the team's hook says no from now on"),
            What::HookRefuses(false) => f.write_str("the team's hook says yes from now on"),
            What::HookWaits(seconds) => write!(f, "the team's hook says to wait for {seconds} s"),
            What::Dependency(0) => f.write_str("what both slots lean on is well again"),
            What::Dependency(per_thousand) => {
                write!(f, "what both slots lean on fails {per_thousand} of 1,000 requests")
            }
            What::FollowWithin(seconds) => write!(f, "the load balancer follows new weights within {seconds} s"),
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quality::Fails => "fails three requests of ten",
            Quality::Drops => "drops three requests of ten",
            Quality::Slow => "is slow",
            Quality::FailsALittle => "fails one request of twenty",
            Quality::FailsSmoke => "passes the health check and fails the smoke check",
            Quality::NeverHealthy => "never passes the health check",
            Quality::DiesAtOnce => "dies soon after it was launched",
            Quality::DiesLater => "dies twenty minutes after it was launched",
            Quality::BootsBadly => "comes up on two instances of three",
            Quality::NeverBoots => "comes up on no new instance",
            Quality::Good => "comes up and works",
        })
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Throttled => f.write_str("a call is throttled"),
            Wrong::AnswerLost => f.write_str("a call's answer is lost"),
            Wrong::LandsLate(seconds) => write!(f, "a call takes effect {seconds} s after its caller gave up"),
            Wrong::KilledBefore => f.write_str("a function dies before an effect"),
            Wrong::KilledAfter => f.write_str("a function dies after an effect"),
            Wrong::Stalled(seconds) => write!(f, "a function stalls for {seconds} s before an effect"),
            Wrong::Duplicated => f.write_str("an event comes twice"),
            Wrong::MissedBeat => f.write_str("a heartbeat is missed"),
            Wrong::Late(seconds) => write!(f, "an event is {seconds} s late"),
            Wrong::ClockOff(milliseconds) => write!(f, "a function's clock is off by {milliseconds} ms"),
            Wrong::IndexBehind(seconds) => write!(f, "the index of busy services is {seconds} s behind"),
        }
    }
}
