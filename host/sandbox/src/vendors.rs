//! One vendor a file. A new one is its file, a variant of `Service`, and a line in `sandbox::endpoint`.

pub(crate) mod hubspot;
pub(crate) mod twilio;
