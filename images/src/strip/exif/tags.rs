//! The fields of EXIF, and what becomes of each (EXIF 3.0, section 4.6).

use crate::strip::Leaks;

/// A directory of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    Primary,
    Exif,
    Gps,
    Interoperability,
}

/// What becomes of a field.
pub(super) enum Role {
    Stays,
    Leaks(fn(&mut Leaks)),
    Pointer(Directory),
}

pub(super) const ORIENTATION: u16 = 0x0112;
pub(super) const ARTIST: u16 = 0x013b;
pub(super) const COPYRIGHT: u16 = 0x8298;
pub(super) const EXIF: u16 = 0x8769;
pub(super) const INTEROPERABILITY: u16 = 0xa005;
const GPS: u16 = 0x8825;

pub(super) fn role(directory: Directory, tag: u16) -> Role {
    match directory {
        Directory::Primary => primary(tag),
        Directory::Exif => exif(tag),
        // The version says nothing; many cameras write it alone.
        Directory::Gps if tag == 0 => Role::Leaks(unread),
        Directory::Gps => Role::Leaks(position),
        Directory::Interoperability => match tag {
            // It tells AdobeRGB apart.
            0x0001 | 0x0002 | 0x1000..=0x1002 => Role::Stays,
            _ => Role::Leaks(unread),
        },
    }
}

fn primary(tag: u16) -> Role {
    match tag {
        EXIF => Role::Pointer(Directory::Exif),
        GPS => Role::Pointer(Directory::Gps),
        // Size, samples and resolution.
        0x0100..=0x0103 | 0x0106 | 0x0115 | 0x011a..=0x011c | 0x0128 => Role::Stays,
        // ImageDescription, Make, Model, Orientation, Software, DateTime, Artist.
        0x010e..=0x0110 | ORIENTATION | 0x0131 | 0x0132 | ARTIST => Role::Stays,
        // Colour: transfer function, white point, primaries, and how YCbCr is made of it.
        0x012d | 0x013e | 0x013f | 0x0211..=0x0214 => Role::Stays,
        // Rating, Copyright, and the author's words as Windows writes them.
        0x4746 | 0x4749 | COPYRIGHT | 0x9c9b..=0x9c9f => Role::Stays,
        // HostComputer: `Anna's MacBook`.
        0x013c => Role::Leaks(people),
        // IPTC, resources of Photoshop, XMP.
        0x83bb | 0x8649 | 0x02bc => Role::Leaks(unread),
        // CameraSerialNumber of DNG.
        0xc62f => Role::Leaks(serial_numbers),
        _ => Role::Leaks(unread),
    }
}

fn exif(tag: u16) -> Role {
    match tag {
        INTEROPERABILITY => Role::Pointer(Directory::Interoperability),
        // Exposure time, f-number, programme, sensitivity.
        0x829a | 0x829d | 0x8822 | 0x8824 | 0x8827 | 0x8828 | 0x8830..=0x8835 => Role::Stays,
        // Version, dates, and their offsets and fractions.
        0x9000 | 0x9003 | 0x9004 | 0x9010..=0x9012 | 0x9290..=0x9292 => Role::Stays,
        // Components, shutter, aperture, brightness, distance, light, flash, focal length, where the subject is
        // in the picture.
        0x9101 | 0x9102 | 0x9201..=0x920a | 0x9214 => Role::Stays,
        // Colour space, size, and how it was exposed and developed.
        0xa000..=0xa003 | 0xa20b | 0xa20c | 0xa20e..=0xa210 | 0xa214 | 0xa215 | 0xa217 => {
            Role::Stays
        }
        0xa300..=0xa302 | 0xa401..=0xa40a | 0xa40c | 0xa460..=0xa462 | 0xa500 => Role::Stays,
        // The lens, the title, the photographer, and the programs.
        0xa432..=0xa434 | 0xa436 | 0xa437 | 0xa439..=0xa43c => Role::Stays,
        // BodySerialNumber, LensSerialNumber, and the MakerNote.
        0xa431 | 0xa435 | 0x927c => Role::Leaks(serial_numbers),
        // CameraOwnerName, ImageEditor.
        0xa430 | 0xa438 => Role::Leaks(people),
        // Temperature, humidity, pressure (of which the height follows), depth, acceleration, elevation.
        0x9400..=0x9405 => Role::Leaks(position),
        // ImageUniqueID, UserComment (what a device writes there has no form), settings, sounds and more.
        _ => Role::Leaks(unread),
    }
}

fn position(leaks: &mut Leaks) {
    leaks.position = true;
}

fn serial_numbers(leaks: &mut Leaks) {
    leaks.serial_numbers = true;
}

fn people(leaks: &mut Leaks) {
    leaks.people = true;
}

fn unread(leaks: &mut Leaks) {
    leaks.unread = true;
}
