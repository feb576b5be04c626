//! Every partner that is played: opened, routed and shown from the one list ([`crate::with_partners`]).

use super::control::Partners;
use crate::{Ctx, with_partners};

macro_rules! define {
    ($($module:ident => $Type:ident, $Config:ident;)*) => {
        /// The partners, each by its name.
        pub struct Every {
            $(pub $module: crate::$module::$Type,)*
        }

        impl Every {
            /// Opens each for business. Must be called on a tokio runtime. Errors: settings that one of them cannot use.
            pub(crate) fn open(ctx: &Ctx) -> anyhow::Result<Self> {
                Ok(Self { $($module: crate::$module::$Type::new(ctx)?,)* })
            }

            /// Their APIs, each below its name.
            pub(crate) fn router(&self) -> axum::Router {
                axum::Router::new()$(.nest(&format!("/{}", crate::$module::NAME), self.$module.router()))*
            }

            /// As the control routes see them.
            pub(crate) fn control(&self) -> Partners {
                Partners::new([$((crate::$module::NAME, self.$module.played()),)*])
            }
        }

        /// By partner: the operations that a fault can be armed for.
        pub const OPERATIONS: &[(&str, &[&str])] = &[$((crate::$module::NAME, crate::$module::OPERATIONS),)*];
    };
}
with_partners!(define);
