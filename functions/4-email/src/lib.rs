//! Layer 4: lifecycle mail.
