//! The longer waits.
