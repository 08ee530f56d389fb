//! Colours for highlighted code, as style sheets for the [classes](super::Class).

/// What pages a style sheet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// Light ones.
    Light,
    /// Dark ones.
    Dark,
}

/// Parts of the names of the reference's light themes; all others are dark.
const LIGHT: [&str; 8] = [
    "light", "latte", "lotus", "dawn", "ochin", "bright", "day", "white",
];

impl Shade {
    /// Returns the shade of the theme that has this name.
    pub fn of_theme(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if LIGHT.iter().any(|part| name.contains(part)) {
            Self::Light
        } else {
            Self::Dark
        }
    }

    /// Returns the style sheet.
    pub fn style_sheet(self) -> &'static str {
        match self {
            Self::Light => include_str!("colors/light.css"),
            Self::Dark => include_str!("colors/dark.css"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    #[test]
    fn every_class_has_a_rule_in_both_sheets() {
        for shade in [Shade::Light, Shade::Dark] {
            let sheet = shade.style_sheet();
            let mut selectors = sheet.split([' ', ',', '{', '[', '\n']);
            for class in Class::ALL {
                let rule = format!(".{}", class.name());
                let there = selectors.clone().any(|part| part == rule);
                assert!(there, "{shade:?} has no {rule}");
            }
            assert!(selectors.any(|part| part == ".hl"));
        }
    }

    #[test]
    fn the_name_of_a_theme_says_its_shade() {
        for (theme, shade) in [
            ("github-light", Shade::Light),
            ("catppuccin-latte", Shade::Light),
            ("github-dark", Shade::Dark),
            ("Dracula", Shade::Dark),
        ] {
            assert_eq!(Shade::of_theme(theme), shade, "{theme}");
        }
    }
}
