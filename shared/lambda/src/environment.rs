//! What the template tells a function, read once at start-up. A missing variable stops the function with its name.

use jiff::SignedDuration;

/// The environment is not what the template promises.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("the environment variable {0} is not set: the template must set it for this function")]
    Missing(String),
    #[error("the environment variable {name} is {value:?}, not a whole number of seconds")]
    NotSeconds { name: String, value: String },
}

/// Reads variables by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment;

impl Environment {
    /// A variable that must be there.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment comes in")]
    pub fn required(self, name: &str) -> Result<String, EnvironmentError> {
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value),
            _ => Err(EnvironmentError::Missing(name.to_owned())),
        }
    }

    /// The table (`BATON_TABLE`).
    pub fn table(self) -> Result<String, EnvironmentError> {
        self.required("BATON_TABLE")
    }

    /// The stack's name (`BATON_STACK`), under which its secrets lie.
    pub fn stack(self) -> Result<String, EnvironmentError> {
        self.required("BATON_STACK")
    }

    /// How long a claim holds (`BATON_LEASE_SECONDS`): longer than the function may run.
    pub fn lease(self) -> Result<SignedDuration, EnvironmentError> {
        let name = "BATON_LEASE_SECONDS";
        let value = self.required(name)?;
        let seconds = value.parse().map_err(|_| EnvironmentError::NotSeconds { name: name.to_owned(), value })?;
        Ok(SignedDuration::from_secs(seconds))
    }
}
