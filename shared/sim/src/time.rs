//! Virtual time: invocations are tasks that wait for a time; when all of them wait, time jumps.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use jiff::{SignedDuration, Timestamp};

use crate::world::World;

/// The world as its inhabitants share it.
pub type Shared = Rc<RefCell<World>>;

/// Waits until the world's time has come to `until`.
pub fn until(world: &Shared, until: Timestamp) -> impl Future<Output = ()> + use<> {
    Timer { world: Rc::clone(world), until }
}

/// Waits for a while of the world's time.
pub fn wait(world: &Shared, duration: SignedDuration) -> impl Future<Output = ()> + use<> {
    let end = world.borrow().now + duration;
    until(world, end)
}

struct Timer {
    world: Shared,
    until: Timestamp,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut world = self.world.borrow_mut();
        if world.now >= self.until {
            return Poll::Ready(());
        }
        world.wake_at(self.until, context.waker().clone());
        Poll::Pending
    }
}

/// Tasks that other tasks have started: an event that becomes an invocation of its own.
#[derive(Default)]
pub(crate) struct Started(Vec<Pin<Box<dyn Future<Output = ()>>>>);

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tasks", self.0.len())
    }
}

/// Starts a task beside the present one.
pub(crate) fn start(world: &Shared, future: impl Future<Output = ()> + 'static) {
    world.borrow_mut().started.0.push(Box::pin(future));
}

/// Runs tasks on a world's time.
pub struct Executor {
    world: Shared,
    tasks: Vec<Task>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    ready: Arc<Ready>,
}

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    /// An executor on this world's time.
    #[must_use]
    pub fn new(world: &Shared) -> Self {
        Executor { world: Rc::clone(world), tasks: Vec::new() }
    }

    /// Starts a task.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        self.take_up(Box::pin(future));
    }

    fn take_up(&mut self, future: Pin<Box<dyn Future<Output = ()>>>) {
        self.tasks.push(Task { future, ready: Arc::new(Ready(AtomicBool::new(true))) });
    }

    /// Runs every task as far as it gets at the present time.
    pub fn run_ready(&mut self) {
        while self.tasks.iter().any(|task| task.ready.0.load(Ordering::Relaxed)) {
            self.tasks.retain_mut(|task| {
                if !task.ready.0.swap(false, Ordering::Relaxed) {
                    return true;
                }
                let waker = Waker::from(Arc::clone(&task.ready));
                task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
            });
            let started = std::mem::take(&mut self.world.borrow_mut().started.0);
            for future in started {
                self.take_up(future);
            }
        }
    }

    /// Lets time pass until `end`, running whatever becomes ready on the way.
    pub fn run_until(&mut self, end: Timestamp) {
        loop {
            self.run_ready();
            let next = self.world.borrow().next_wake().filter(|next| *next <= end).unwrap_or(end);
            if self.world.borrow().now >= end && next >= end {
                return;
            }
            for waker in self.world.borrow_mut().pass_to(next) {
                waker.wake();
            }
        }
    }
}
