//! Commands about pictures.

use std::path::PathBuf;

/// Make a thumbnail of a picture, as a URL of a site would
///
/// OPTIONS are those of such URLs: width=640,height=480,fit=cover,format=webp. All of them are free here, and
/// sizes are exact. The presets and limits are those of quillfront.toml in the site's folder, if there is one. Exit
/// codes: 1 the picture cannot be made, or the URL is no thumbnail, and why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ quillfront thumb width=640 cat.jpg cat.webp
  $ quillfront thumb width=300,height=200,fit=cover,quality=85 cat.jpg small.jpg
  $ quillfront thumb --canonical /img/f=auto,w=600/photos/cat.jpg --accept image/avif
  /img/photos/cat.jpg/width=640,format=avif")]
pub struct Thumb {
    /// The options
    #[arg(value_name = "OPTIONS", required_unless_present = "canonical")]
    pub options: Option<String>,
    /// The original
    #[arg(value_name = "IN", required_unless_present = "canonical")]
    pub from: Option<PathBuf>,
    /// The file to write; its ending is the format unless OPTIONS name one. `-` is standard output
    #[arg(value_name = "OUT", required_unless_present = "canonical")]
    pub to: Option<PathBuf>,
    /// Print the path by which caches and the site bucket know the thumbnail of URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["options", "from", "to", "json"])]
    pub canonical: Option<String>,
    /// The header `Accept` of the reader, which decides format=auto
    #[arg(
        long,
        value_name = "ACCEPT",
        default_value = "",
        requires = "canonical"
    )]
    pub accept: String,
    /// Print what was made as JSON
    #[arg(long)]
    pub json: bool,
}

/// Sign the URL of a thumbnail that is not for everybody
///
/// All options may be signed, with any size and quality; whoever has the signed URL gets the picture until it
/// expires. The key comes from the environment variable QUILLFRONT_IMAGE_KEY: at least 32 characters, or two keys with
/// a comma between them, of which the first signs. The edge must have the same. Exit codes: 1 the URL is no
/// thumbnail, and why; 2 there is no key.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ export QUILLFRONT_IMAGE_KEY=$(openssl rand -hex 32)
  $ quillfront sign /img/width=640,blur=20/photos/cat.jpg --expires 2027-01-01T00:00:00Z
  /img/width=640,blur=20,e=1798761600,s=.../photos/cat.jpg
  $ quillfront sign https://example.org/img/width=641/photos/cat.jpg --expires 30d")]
pub struct Sign {
    /// The URL of the thumbnail, or its path
    #[arg(value_name = "URL")]
    pub url: String,
    /// When it expires: a time (2027-01-01T00:00:00Z), or how long from now (30d, 12h)
    #[arg(long, value_name = "RFC3339")]
    pub expires: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
