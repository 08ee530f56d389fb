//! Colours that are said in the numbers of ITU-T H.273, as AVIF and PNG do.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, ToneReprCurve,
    TransferCharacteristics,
};

/// The numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Cicp {
    pub primaries: u16,
    pub transfer: u16,
    pub matrix: u16,
}

/// Those that say nothing.
impl Default for Cicp {
    fn default() -> Self {
        Self {
            primaries: 2,
            transfer: 2,
            matrix: 2,
        }
    }
}

impl Cicp {
    /// The profile; none where it is that of sRGB, or is not known.
    pub(super) fn profile(self) -> Option<ColorProfile> {
        // The curve of television cameras (1, 6, 14, 15) is meant for a screen whose curve is much like that of
        // sRGB, and browsers take it as such.
        let curve = match self.transfer {
            4 => Some(2.2),
            5 => Some(2.8),
            8 => Some(1.0),
            _ => None,
        };
        if curve.is_none() && matches!(self.primaries, 1 | 2) {
            return None;
        }
        let mut profile = self.with_primaries()?;
        if let Some(exponent) = curve {
            super::set_curve(&mut profile, ToneReprCurve::Parametric(vec![exponent]));
        }
        Some(profile)
    }

    /// A profile of the curve of sRGB with these primaries.
    pub(super) fn with_primaries(self) -> Option<ColorProfile> {
        let primaries = match self.primaries {
            2 => CicpColorPrimaries::Bt709,
            primaries => u8::try_from(primaries).ok()?.try_into().ok()?,
        };
        let profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: primaries,
            transfer_characteristics: TransferCharacteristics::Srgb,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        });
        profile.red_trc.is_some().then_some(profile)
    }
}
