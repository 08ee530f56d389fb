//! The templates, and the text of CloudFront Functions in them.
//!
//! CloudFormation takes the code of such a function in the template only. It belongs to the site, so the templates
//! have a mark in its place, with the name of the file that `quillfront package` makes.

/// What a mark begins with, on a line of its own.
const MARK: &str = "FunctionCode: quillfront:";

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

/// The code of a site's CloudFront Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewerCode<'a> {
    /// Of the default behaviour (`viewer-request.js`), if the site needs one.
    pub pages: Option<&'a str>,
    /// Of pictures (`viewer-request-images.js`).
    pub images: &'a str,
}

/// A mark with a name that nothing is known of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {name:?} is no function that a package has")]
pub struct UnknownMark {
    /// Counted from 1.
    line: usize,
    name: String,
}

impl Template {
    /// Returns its text with the code in place of the marks, as literal blocks of YAML.
    ///
    /// # Errors
    /// A mark names another function.
    pub fn fill(&self, code: ViewerCode<'_>) -> Result<String, UnknownMark> {
        let mut filled = String::with_capacity(self.text.len() + code.images.len());
        for (at, line) in self.text.lines().enumerate() {
            let Some((indent, name)) = line.split_once(MARK) else {
                filled.push_str(line);
                filled.push('\n');
                continue;
            };
            let code = match name {
                "viewer-request.js" => code.pages.unwrap_or(PASS),
                "viewer-request-images.js" => code.images,
                _ => {
                    return Err(UnknownMark {
                        line: at + 1,
                        name: name.to_owned(),
                    });
                }
            };
            // The indentation is given, since code may begin with spaces.
            filled.push_str(indent);
            filled.push_str("FunctionCode: |2\n");
            for line in code.lines() {
                filled.push_str(indent);
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

    #[test]
    fn code_takes_the_place_of_its_mark_letter_by_letter() {
        let images = "  // 'quotes': \"and\" # signs\nfunction handler(e) {\n\n  return e;\n}\n";
        for template in ALL {
            let code = ViewerCode {
                pages: Some("// pages\n"),
                images,
            };
            let filled = template.fill(code).unwrap();
            assert!(!filled.contains(MARK), "{}", template.name);
            let read: Value = serde_saphyr::from_str(&filled).unwrap();
            let code = |name: &str| read["Resources"][name]["Properties"]["FunctionCode"].as_str();
            if template.name != "headers.yaml" {
                assert_eq!(code("ImagesFunction"), Some(images), "{}", template.name);
            }
            if template.name == "blog.yaml" {
                assert_eq!(code("ViewerRequestFunction"), Some("// pages\n"));
            }
        }
    }

    #[test]
    fn a_site_without_a_function_for_pages_gets_one_that_passes_all() {
        let filled = ALL[0]
            .fill(ViewerCode {
                pages: None,
                images: "x",
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
        let code = ViewerCode {
            pages: None,
            images: "",
        };
        let error = template.fill(code).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: \"other.js\" is no function that a package has"
        );
    }
}
