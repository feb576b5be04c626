//! The headless store: our own order table, with Stripe for the money.
