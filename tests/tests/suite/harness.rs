//! The harness itself: a test that passes for the wrong reason is worse than none.

mod binaries;
mod emulator;
mod runtime;
mod stack;
