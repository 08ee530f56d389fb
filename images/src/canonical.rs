//! What a picture's public address says of how it was made.
//!
//! The address has a fingerprint of this text in it, and lies in other people's pages and caches. So the
//! text is spelled out here, apart from what the types are called: it never changes for a job, whatever
//! is renamed.

use super::{Encoding, Filter, Job, REVISION, Resize};

impl Job {
    /// The job as a text: equal for equal jobs, and the same in every version that makes the same pixels
    /// of it.
    pub fn canonical(&self) -> String {
        let resize = match self.resize {
            Resize::Scale(width, height) => format!("Scale({width}, {height})"),
            Resize::FitWidth(width) => format!("FitWidth({width})"),
            Resize::FitHeight(height) => format!("FitHeight({height})"),
            Resize::Fit(width, height) => format!("Fit({width}, {height})"),
            Resize::Fill(width, height) => format!("Fill({width}, {height})"),
        };
        let encoding = match self.encoding {
            Encoding::Jpeg { quality } => format!("Jpeg {{ quality: {quality} }}"),
            Encoding::Png => "Png".to_owned(),
            Encoding::Webp {
                quality: Some(quality),
            } => format!("Webp {{ quality: Some({quality}) }}"),
            Encoding::Webp { quality: None } => "Webp { quality: None }".to_owned(),
            Encoding::Avif { quality, speed } => {
                format!("Avif {{ quality: {quality}, speed: {speed} }}")
            }
        };
        let filter = match self.filter {
            Filter::Nearest => "Nearest",
            Filter::Box => "Box",
            Filter::Bilinear => "Bilinear",
            Filter::Hamming => "Hamming",
            Filter::CatmullRom => "CatmullRom",
            Filter::Mitchell => "Mitchell",
            Filter::Gaussian => "Gaussian",
            Filter::Lanczos3 => "Lanczos3",
        };
        format!("{resize} {encoding} {filter} {REVISION}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(resize: Resize, encoding: Encoding, filter: Filter) -> String {
        let job = Job {
            resize,
            encoding,
            filter,
        };
        job.canonical()
    }

    /// A line that has to be changed here changes the address of every picture that is made so.
    #[test]
    fn no_job_ever_gets_another_text() {
        let jpeg = Encoding::Jpeg { quality: 75 };
        for (resize, text) in [
            (Resize::Scale(10, 20), "Scale(10, 20)"),
            (Resize::FitWidth(10), "FitWidth(10)"),
            (Resize::FitHeight(20), "FitHeight(20)"),
            (Resize::Fit(10, 20), "Fit(10, 20)"),
            (Resize::Fill(10, 20), "Fill(10, 20)"),
        ] {
            let expected = format!("{text} Jpeg {{ quality: 75 }} Lanczos3 1");
            assert_eq!(canonical(resize, jpeg, Filter::Lanczos3), expected);
        }
        let webp = |quality| Encoding::Webp { quality };
        let avif = Encoding::Avif {
            quality: 80,
            speed: 5,
        };
        for (encoding, text) in [
            (Encoding::Jpeg { quality: 1 }, "Jpeg { quality: 1 }"),
            (Encoding::Png, "Png"),
            (webp(None), "Webp { quality: None }"),
            (webp(Some(90)), "Webp { quality: Some(90) }"),
            (avif, "Avif { quality: 80, speed: 5 }"),
        ] {
            let expected = format!("FitWidth(9) {text} Box 1");
            assert_eq!(
                canonical(Resize::FitWidth(9), encoding, Filter::Box),
                expected
            );
        }
        let names = [
            (Filter::Nearest, "Nearest"),
            (Filter::Box, "Box"),
            (Filter::Bilinear, "Bilinear"),
            (Filter::Hamming, "Hamming"),
            (Filter::CatmullRom, "CatmullRom"),
            (Filter::Mitchell, "Mitchell"),
            (Filter::Gaussian, "Gaussian"),
            (Filter::Lanczos3, "Lanczos3"),
        ];
        assert_eq!(names.len(), Filter::NAMED.len());
        for (filter, name) in names {
            let expected = format!("Fit(1, 2) Png {name} 1");
            assert_eq!(
                canonical(Resize::Fit(1, 2), Encoding::Png, filter),
                expected
            );
        }
    }
}
