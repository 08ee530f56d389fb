//! `quillfront`: the command.
//!
//! Parses the arguments and hands over to the module that is named for the subcommand. Exit
//! codes: 0 good, 1 an author's diagnostics, 2 usage, 3 infrastructure, 4 lost the race, 128 and more
//! for a signal.

mod approve;
mod args;
mod audit;
mod build;
mod check;
mod connect;
mod edge;
mod edge_logs;
mod effective;
mod excerpt;
mod exit;
mod explain;
mod handle;
mod harden;
mod image_key;
mod init;
mod interrupt;
mod listen;
mod migrate;
mod out;
mod package;
mod plan;
mod policy;
mod publish;
mod remove;
mod root;
mod serve;
mod show;
mod sign;
mod stack;
mod status;
mod sync;
mod thumb;
mod upload;

use args::{Args, Command};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Rendering makes and drops many small values on all threads at once, which the allocator of the
/// C library is slow at (bench/README.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(threads) = args.global.threads {
        // Fails only if the pool was started before, which it was not.
        let _already_started = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global();
    }
    let mut global = args.global;
    root::find(&mut global, &args.command);
    let global = &global;
    let outcome = match args.command {
        Command::Build(options) => build::run(global, options),
        Command::Serve(options) => serve::run(global, options),
        Command::Check(options) => check::run(global, options),
        Command::Init(options) => init::run(options),
        Command::Migrate(options) => migrate::run(global, options),
        Command::Handle(options) => handle::run(global, options),
        Command::Edge(options) => edge::run(global, options),
        Command::Thumb(options) => thumb::run(global, options),
        Command::Sign(options) => sign::run(global, options),
        Command::Explain(options) => explain::run(global, options),
        Command::Plan(options) => plan::run(global, options),
        Command::Status(options) => status::run(global, options),
        Command::Approve(options) => approve::run(global, options),
        Command::Effective(options) => effective::run(global, options),
        Command::Audit(options) => audit::run(options),
        Command::Harden(options) => harden::run(options),
        Command::Policy(options) => policy::run(options),
        Command::Publish(options) => publish::run(global, options),
        Command::Remove(options) => remove::run(options),
        Command::Package(options) => package::run(global, options),
        Command::Completion(options) => {
            let mut script = Vec::new();
            let name = "quillfront";
            clap_complete::generate(options.shell, &mut Args::command(), name, &mut script);
            out::print(&String::from_utf8_lossy(&script)).map(|()| exit::GOOD)
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            show::failure(&error);
            ExitCode::from(exit::of(&error))
        }
    }
}
