//! The templates say what `infra`, `edge` and `headers` say, and nothing that AWS takes and nobody should deploy.

mod facts;
mod lint;
mod model;
mod mutations;
mod policies;
