//! The templates, and what `quillfront package` puts into them: the text of CloudFront Functions, and hashes.
//!
//! CloudFormation takes the code of such a function in the template only. It belongs to the site, so the templates
//! have a mark in its place, with the name of the file that `quillfront package` makes. Where a template has the name of
//! an archive as a mark, there goes the SHA-256 of the archive.

/// What a mark begins with, on a line of its own after the name of a property.
const MARK: &str = ": quillfront:";

/// The parameter that says what a site is made for, as the templates have it.
const EDGE: &str = "    Default: functions";

/// The function of the default behaviour where a site needs none.
const PASS: &str = "function handler(event) {\n  return event.request;\n}\n";

/// A template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// The name of its file.
    pub name: &'static str,
    /// Its text, with marks.
    pub text: &'static str,
}

/// All templates.
pub const ALL: [Template; 3] = [
    Template {
        name: "blog.yaml",
        text: include_str!("../templates/blog.yaml"),
    },
    Template {
        name: "headers.yaml",
        text: include_str!("../templates/headers.yaml"),
    },
    Template {
        name: "thumbnails.yaml",
        text: include_str!("../templates/thumbnails.yaml"),
    },
];

/// What is put into a template.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The code of the default behaviour (`viewer-request.js`), if the site needs one.
    pub pages: Option<&'a str>,
    /// The code of the pictures (`viewer-request-images.js`).
    pub images: &'a str,
    /// The site says `edge = "policy"`, which becomes the default of the parameter `Edge`.
    pub is_policy: bool,
    /// The archives that are there, with the SHA-256 of each in hexadecimal digits.
    pub hashes: &'a [(String, String)],
}

/// A template cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// A mark with a name that nothing is known of.
    #[error("line {line}: {name:?} is nothing that a package has")]
    Unknown {
        /// Counted from 1.
        line: usize,
        /// What stands there.
        name: String,
    },
    /// An archive that is not there.
    #[error("{0} is not there")]
    NoArchive(String),
}

impl Template {
    /// Returns its text with code in place of the marks, as literal blocks of YAML, and with the hashes of archives.
    ///
    /// # Errors
    /// A mark names something else, or an archive that is not among the `hashes`.
    pub fn fill(&self, filling: Filling<'_>) -> Result<String, FillError> {
        let mut filled = String::with_capacity(self.text.len() + filling.images.len());
        for (at, line) in self.text.lines().enumerate() {
            let Some((property, name)) = line.split_once(MARK) else {
                let is_policy = filling.is_policy && line == EDGE;
                filled.push_str(if is_policy {
                    "    Default: policy"
                } else {
                    line
                });
                filled.push('\n');
                continue;
            };
            filled.push_str(property);
            let code = match name {
                "viewer-request.js" => filling.pages.unwrap_or(PASS),
                "viewer-request-images.js" => filling.images,
                archive if archive.ends_with(".zip") => {
                    let mut hashes = filling.hashes.iter();
                    let hash = hashes.find(|(name, _)| name == archive);
                    let (_, hash) = hash.ok_or_else(|| FillError::NoArchive(archive.to_owned()))?;
                    filled.push_str(": '");
                    filled.push_str(hash);
                    filled.push_str("'\n");
                    continue;
                }
                _ => {
                    return Err(FillError::Unknown {
                        line: at + 1,
                        name: name.to_owned(),
                    });
                }
            };
            // The indentation is given, since code may begin with spaces.
            filled.push_str(": |2\n");
            let indent = property.len() - property.trim_start().len();
            for line in code.lines() {
                filled.push_str(&property[..indent]);
                filled.push_str("  ");
                filled.push_str(line);
                filled.push('\n');
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn hashes() -> Vec<(String, String)> {
        let archives = ["builder.zip", "edge.zip", "thumbnail.zip"];
        let hash = |name: &str| (name.to_owned(), format!("0{}", name.len()));
        archives.map(hash).to_vec()
    }

    fn read(template: Template, filling: Filling<'_>) -> Value {
        let filled = template.fill(filling).unwrap();
        assert!(!filled.contains(MARK), "{}", template.name);
        serde_saphyr::from_str(&filled).unwrap()
    }

    #[test]
    fn code_takes_the_place_of_its_mark_letter_by_letter() {
        let images = "  // 'quotes': \"and\" # signs\nfunction handler(e) {\n\n  return e;\n}\n";
        for template in ALL {
            let filling = Filling {
                pages: Some("// pages\n"),
                images,
                is_policy: false,
                hashes: &hashes(),
            };
            let read = read(template, filling);
            let code = |name: &str| read["Resources"][name]["Properties"]["FunctionCode"].as_str();
            if template.name != "headers.yaml" {
                assert_eq!(code("ImagesFunction"), Some(images), "{}", template.name);
            }
            if template.name == "blog.yaml" {
                assert_eq!(code("ViewerRequestFunction"), Some("// pages\n"));
                assert_eq!(read["Parameters"]["Edge"]["Default"], "functions");
            }
        }
    }

    #[test]
    fn each_archive_is_known_by_its_hash() {
        for template in ALL {
            let hashes = hashes();
            let filling = Filling {
                pages: None,
                images: "x",
                is_policy: true,
                hashes: &hashes,
            };
            let read = read(template, filling);
            let told = read["Metadata"]["Quillfront"].as_object().unwrap();
            let functions = read["Resources"].as_object().unwrap().values();
            let code = functions.filter_map(|resource| resource["Properties"]["CodeUri"].as_str());
            let code: Vec<&str> = code.collect();
            assert_eq!(told.len(), code.len(), "{}", template.name);
            for archive in code {
                let hash = &hashes.iter().find(|(name, _)| name == archive).unwrap().1;
                assert!(told.values().any(|told| told == hash), "{archive}");
            }
            // A version is published when its bytes change, and only then.
            let edge = &read["Resources"]["EdgeFunction"]["Properties"]["AutoPublishCodeSha256"];
            assert!(edge.is_null() == (template.name == "thumbnails.yaml"));
            if template.name == "blog.yaml" {
                assert_eq!(read["Parameters"]["Edge"]["Default"], "policy");
            }
            let missing = template.fill(Filling {
                hashes: &[],
                ..filling
            });
            assert!(matches!(missing, Err(FillError::NoArchive(_))));
        }
    }

    #[test]
    fn a_site_without_a_function_for_pages_gets_one_that_passes_all() {
        let filled = ALL[0]
            .fill(Filling {
                pages: None,
                images: "x",
                is_policy: false,
                hashes: &hashes(),
            })
            .unwrap();
        assert!(filled.contains("return event.request;"));
    }

    #[test]
    fn an_unknown_mark_is_told() {
        let template = Template {
            name: "a.yaml",
            text: "A:\n  FunctionCode: quillfront:other.js\n",
        };
        let filling = Filling {
            pages: None,
            images: "",
            is_policy: false,
            hashes: &[],
        };
        let error = template.fill(filling).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: \"other.js\" is nothing that a package has"
        );
    }
}
