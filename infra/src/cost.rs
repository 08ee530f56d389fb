//! What a month costs, as arithmetic over dated prices and counted requests.
//!
//! `content/docs/cost.md` shows the tables that are made here; a test compares them.

use crate::facts::{BUILDER, EDGE, EDGE_EVENTS, RECONCILES_A_MONTH, THUMBNAIL};

/// The day of the prices, which are those of us-east-1 and of readers in North America and Europe, without tax, in
/// US dollars (the pages "Amazon CloudFront pricing", "Amazon S3 pricing", "AWS Lambda pricing" and "AWS WAF pricing").
pub const PRICES_OF: &str = "2026-11";

/// A million PUT, COPY, POST or LIST requests to S3.
pub const S3_PUTS: f64 = 5.0;
/// A million GET or HEAD requests to S3.
pub const S3_GETS: f64 = 0.4;
/// A gigabyte in S3 for a month.
pub const S3_STORAGE: f64 = 0.023;
/// A million calls of Lambda.
pub const LAMBDA_CALLS: f64 = 0.2;
/// A second of Lambda with a gigabyte, on x86.
pub const LAMBDA_SECOND: f64 = 0.000_016_666_7;
/// A million calls of Lambda@Edge.
pub const EDGE_CALLS: f64 = 0.6;
/// A second of Lambda@Edge with a gigabyte.
pub const EDGE_SECOND: f64 = 0.000_050_01;
/// A million calls of CloudFront Functions.
pub const VIEWER_CALLS: f64 = 0.1;
/// A million HTTPS requests of readers to CloudFront.
pub const CLOUDFRONT_REQUESTS: f64 = 1.0;
/// The requests of readers that are free each month.
pub const FREE_REQUESTS: f64 = 10e6;
/// The calls of CloudFront Functions that are free each month.
pub const FREE_VIEWER_CALLS: f64 = 2e6;
/// A web ACL with three rules, for a month.
pub const WAF_MONTH: f64 = 8.0;
/// A million requests that a web ACL looks at.
pub const WAF_REQUESTS: f64 = 0.6;
/// CloudFront's Pro plan, for a month.
pub const PRO_MONTH: f64 = 15.0;

/// Requests to S3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requests {
    /// GET and HEAD.
    pub gets: f64,
    /// PUT, COPY and LIST. DELETE is free.
    pub puts: f64,
}

impl Requests {
    /// Returns the price.
    pub fn dollars(self) -> f64 {
        (self.gets * S3_GETS + self.puts * S3_PUTS) / 1e6
    }
}

/// What the edit of a post's body asks of S3: 2 GET, 1 HEAD and 7 PUT, counted by the builder's report
/// (`content/docs/speed.md`).
pub const BODY_EDIT: Requests = Requests {
    gets: 3.0,
    puts: 7.0,
};

/// What a reconcile asks of S3 where nothing has changed: the lists of source, site and state, up to 1,000 objects
/// each, and the root with what it names.
pub const RECONCILE: Requests = Requests {
    gets: 3.0,
    puts: 3.0,
};

/// What making a thumbnail asks of S3: the finished picture, which is missing (twice, since the function looks
/// again), the beginning of the original, the original, and a look after storing; and the PUT.
pub const THUMBNAIL_MADE: Requests = Requests {
    gets: 5.0,
    puts: 1.0,
};

/// A blog of 100 posts and what happens to it in a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Month {
    /// Pages that readers look at.
    pub views: f64,
    /// Requests that a view makes: the page, its style sheet, pictures.
    pub requests_a_view: f64,
    /// Of these, the pictures below `/img/`.
    pub pictures_a_view: f64,
    /// The part of the requests that the cache cannot answer.
    pub missed: f64,
    /// Edits of posts.
    pub edits: f64,
    /// Source, site and earlier versions, in gigabytes.
    pub stored_gb: f64,
    /// How long the builder works, in seconds, for an edit or a reconcile.
    pub build_seconds: f64,
    /// How long a function at the edge works, in seconds.
    pub edge_seconds: f64,
}

/// The month of the manual. Requests, misses and times of functions are assumptions, except for edits.
pub const BLOG: Month = Month {
    views: 100_000.0,
    requests_a_view: 10.0,
    pictures_a_view: 2.0,
    missed: 0.05,
    edits: 30.0,
    stored_gb: 2.0,
    build_seconds: 0.5,
    edge_seconds: 0.005,
};

/// How long it takes to make a thumbnail, in seconds: an assumption, for a photograph of a phone.
pub const THUMBNAIL_SECONDS: f64 = 0.5;

/// The requests of a bad bot.
pub const BOT_REQUESTS: f64 = 23e6;

/// A line of a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is paid for.
    pub what: &'static str,
    /// How it comes about.
    pub how: String,
    /// US dollars.
    pub dollars: f64,
}

/// Returns the sum of a bill.
pub fn total(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.dollars).sum()
}

/// Returns a count with commas between its thousands.
fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn gigabytes(megabytes: u32) -> f64 {
    f64::from(megabytes) / 1_024.0
}

/// Returns the price of so many requests that miss the cache: S3, and both functions at the edge.
fn misses(count: f64, edge_seconds: f64) -> (f64, f64) {
    let calls = count * EDGE_EVENTS.len() as f64;
    let time = calls * edge_seconds * gigabytes(EDGE.memory_mb) * EDGE_SECOND;
    (count * S3_GETS / 1e6, calls * EDGE_CALLS / 1e6 + time)
}

impl Month {
    /// Returns what it costs to pay for what is used. What AWS gives every account for ever is taken off; the free
    /// time of Lambda is not, since other functions may use it.
    pub fn lines(&self) -> Vec<Line> {
        let requests = self.views * self.requests_a_view;
        let pictures = self.views * self.pictures_a_view;
        let missed = requests * self.missed;
        let (from_s3, at_edge) = misses(missed, self.edge_seconds);
        let runs = self.edits + f64::from(RECONCILES_A_MONTH);
        let building = runs
            * (LAMBDA_CALLS / 1e6
                + self.build_seconds * gigabytes(BUILDER.memory_mb) * LAMBDA_SECOND);
        let line = |what, how: String, dollars| Line { what, how, dollars };
        vec![
            line(
                "readers' requests",
                format!(
                    "{} of {} that are free",
                    grouped(requests),
                    grouped(FREE_REQUESTS)
                ),
                (requests - FREE_REQUESTS).max(0.0) * CLOUDFRONT_REQUESTS / 1e6,
            ),
            line(
                "the function in front of pictures",
                format!(
                    "{} of {} that are free",
                    grouped(pictures),
                    grouped(FREE_VIEWER_CALLS)
                ),
                (pictures - FREE_VIEWER_CALLS).max(0.0) * VIEWER_CALLS / 1e6,
            ),
            line(
                "S3, for what is not in the cache",
                format!("{} GET", grouped(missed)),
                from_s3,
            ),
            line(
                "functions at the edge",
                format!("{} calls", grouped(missed * EDGE_EVENTS.len() as f64)),
                at_edge,
            ),
            line(
                "edits",
                format!(
                    "{} × ({} GET, {} PUT)",
                    self.edits, BODY_EDIT.gets, BODY_EDIT.puts
                ),
                self.edits * BODY_EDIT.dollars(),
            ),
            line(
                "reconciles",
                format!(
                    "{} × ({} GET, {} LIST)",
                    grouped(f64::from(RECONCILES_A_MONTH)),
                    RECONCILE.gets,
                    RECONCILE.puts
                ),
                f64::from(RECONCILES_A_MONTH) * RECONCILE.dollars(),
            ),
            line(
                "the builder",
                format!(
                    "{} × {} s with {} MB",
                    grouped(runs),
                    self.build_seconds,
                    grouped(BUILDER.memory_mb.into())
                ),
                building,
            ),
            line(
                "storage",
                format!("{} GB", self.stored_gb),
                self.stored_gb * S3_STORAGE,
            ),
        ]
    }
}

/// Returns what a million thumbnails cost that are made. Each meets the functions at the edge for both origins.
pub fn million_thumbnails() -> Vec<Line> {
    let line = |what, how: String, dollars| Line { what, how, dollars };
    let work = THUMBNAIL_SECONDS * gigabytes(THUMBNAIL.memory_mb) * LAMBDA_SECOND * 1e6;
    let (_, at_edge) = misses(2e6, BLOG.edge_seconds);
    vec![
        line(
            "the thumbnail function",
            format!(
                "{THUMBNAIL_SECONDS} s with {} MB each",
                grouped(THUMBNAIL.memory_mb.into())
            ),
            LAMBDA_CALLS + work,
        ),
        line(
            "S3",
            format!(
                "{} GET, {} PUT each",
                THUMBNAIL_MADE.gets, THUMBNAIL_MADE.puts
            ),
            THUMBNAIL_MADE.dollars() * 1e6,
        ),
        line("functions at the edge", "4 calls each".to_owned(), at_edge),
        line(
            "the function in front of the cache",
            "1 call each".to_owned(),
            VIEWER_CALLS,
        ),
    ]
}

/// Returns what a bot adds to the month of [`BLOG`], with a part of its requests not in the cache.
pub fn bot(missed: f64) -> f64 {
    let used = BLOG.views * BLOG.requests_a_view;
    let paid = (BOT_REQUESTS - (FREE_REQUESTS - used)).max(0.0);
    let (from_s3, at_edge) = misses(BOT_REQUESTS * missed, BLOG.edge_seconds);
    paid * CLOUDFRONT_REQUESTS / 1e6 + from_s3 + at_edge
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../content/docs/cost.md");
    const SPEED: &str = include_str!("../../content/docs/speed.md");

    fn shown(row: &str) {
        assert!(PAGE.contains(row), "cost.md lacks the row\n{row}");
    }

    fn rows(lines: &[Line], digits: usize) {
        for line in lines {
            shown(&format!(
                "| {} | {} | ${:.digits$} |",
                line.what, line.how, line.dollars
            ));
        }
        shown(&format!(
            "| **together** | | **${:.digits$}** |",
            total(lines)
        ));
    }

    #[test]
    fn thousands_are_apart() {
        let texts = [999.0, 1_000.0, 2_910.0, 1e6].map(grouped);
        assert_eq!(texts, ["999", "1,000", "2,910", "1,000,000"]);
    }

    #[test]
    fn the_page_has_the_months_bill() {
        rows(&BLOG.lines(), 4);
    }

    #[test]
    fn the_page_has_a_million_thumbnails() {
        rows(&million_thumbnails(), 2);
    }

    #[test]
    fn the_page_has_the_three_columns() {
        let used = total(&BLOG.lines());
        // A plan covers CloudFront with its functions, the web ACL and the log; the rest stays.
        let requests = BLOG.views * BLOG.requests_a_view / 1e6;
        let waf = WAF_MONTH + requests * WAF_REQUESTS;
        shown(&format!(
            "| the month above | ${used:.2} | ${used:.2} | ${:.2} |",
            PRO_MONTH + used
        ));
        shown(&format!(
            "| a web ACL as well | ${:.2} | included | included |",
            waf
        ));
        shown(&format!(
            "| 23 million requests of a bot, all in the cache | ${:.2} | $0 | $0 |",
            bot(0.0)
        ));
        shown(&format!(
            "| the same, each for another page that is not there | ${:.2} |",
            bot(1.0)
        ));
    }

    #[test]
    fn it_keeps_its_promises() {
        assert!(total(&BLOG.lines()) < 0.5);
        assert!(BODY_EDIT.dollars() < 0.0001);
        shown(&format!("${:.7}", BODY_EDIT.dollars()));
        shown(PRICES_OF);
    }

    #[test]
    fn an_edit_has_the_requests_that_were_counted() {
        assert!(SPEED.contains("2 GET, 1 HEAD, 7 PUT, 3 DELETE and no LIST requests"));
        assert_eq!((BODY_EDIT.gets, BODY_EDIT.puts), (2.0 + 1.0, 7.0));
    }
}
