//! Authors and other builders that act while a builder is between two of its requests.

use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use std::fmt;
use std::future::Future;
use std::sync::Mutex;
use tokio::runtime::Handle;

struct Act {
    method: &'static str,
    path: &'static str,
    does: Option<Box<dyn FnOnce() + Send>>,
}

/// Does each act just before the first request of its kind goes out, in order.
#[derive(Default)]
pub struct Meanwhile(Mutex<Vec<Act>>);

impl Meanwhile {
    /// Also does this, before the first request with this method and a path that starts so.
    pub fn before<F: Future<Output = ()>>(
        self,
        method: &'static str,
        path: &'static str,
        does: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        // The future of a run stays in its thread, and is large: it gets one of its own.
        let does = move || {
            let runtime = Handle::current();
            let thread = std::thread::spawn(move || runtime.block_on(does()));
            tokio::task::block_in_place(|| thread.join().unwrap());
        };
        let does: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(does));
        self.0.lock().unwrap().push(Act { method, path, does });
        self
    }

    /// True where all of it was done.
    pub fn is_over(&self) -> bool {
        self.0.lock().unwrap().iter().all(|act| act.does.is_none())
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

/// The same acts, for a client.
#[derive(Debug, Clone)]
pub struct During(pub std::sync::Arc<Meanwhile>);

impl Intercept for During {
    fn name(&self) -> &'static str {
        "During"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let uri = request.uri();
        let path = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let path = path.find('/').map_or("", |at| &path[at..]);
        let next = {
            let mut acts = self.0.0.lock().unwrap();
            let mut acts = acts.iter_mut().filter(|act| {
                act.does.is_some() && act.method == request.method() && path.starts_with(act.path)
            });
            acts.next().and_then(|act| act.does.take())
        };
        if let Some(does) = next {
            does();
        }
        Ok(())
    }
}
