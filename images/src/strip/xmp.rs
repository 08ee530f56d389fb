//! XMP: properties in RDF (ISO 16684-1). A packet stays if all of its properties are on a list.

use super::Leaks;
use super::metadata::Credit;
use roxmltree::{Document, Node};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const HDR: &str = "http://ns.adobe.com/hdr-gain-map/1.0/";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";

/// Bytes of a creator or a copyright notice that are carried over.
const MAX_CREDIT_BYTES: usize = 500;
/// Nodes of a packet that is looked into.
const MAX_NODES: u32 = 100_000;

/// The properties of a namespace that stay.
enum Stays {
    All,
    AllBut(&'static [&'static str]),
    Only(&'static [&'static str]),
}

const NAMESPACES: [(&str, Stays); 23] = [
    (RDF, Stays::All),
    ("adobe:ns:meta/", Stays::All),
    (DUBLIN_CORE, Stays::All),
    ("http://creativecommons.org/ns#", Stays::All),
    ("http://ns.adobe.com/xap/1.0/rights/", Stays::All),
    ("http://ns.useplus.org/ldf/xmp/1.0/", Stays::All),
    (
        "http://ns.adobe.com/xap/1.0/",
        Stays::Only(&[
            "CreateDate",
            "CreatorTool",
            "Label",
            "MetadataDate",
            "ModifyDate",
            "Rating",
        ]),
    ),
    (
        "http://ns.adobe.com/xap/1.0/mm/",
        Stays::Only(&[
            "DerivedFrom",
            "DocumentID",
            "History",
            "InstanceID",
            "OriginalDocumentID",
        ]),
    ),
    (
        "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
        Stays::Only(&[
            "action",
            "changed",
            "instanceID",
            "parameters",
            "softwareAgent",
            "when",
        ]),
    ),
    (
        "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
        Stays::Only(&["documentID", "instanceID", "originalDocumentID"]),
    ),
    ("http://ns.adobe.com/tiff/1.0/", Stays::All),
    (
        "http://ns.adobe.com/exif/1.0/",
        Stays::AllBut(&[
            "DeviceSettingDescription",
            "ImageUniqueID",
            "MakerNote",
            "RelatedSoundFile",
            "UserComment",
        ]),
    ),
    (
        "http://cipa.jp/exif/1.0/",
        Stays::Only(&[
            "Gamma",
            "InteroperabilityIndex",
            "LensMake",
            "LensModel",
            "LensSpecification",
            "OffsetTime",
            "OffsetTimeDigitized",
            "OffsetTimeOriginal",
            "PhotographicSensitivity",
            "RecommendedExposureIndex",
            "SensitivityType",
        ]),
    ),
    (
        "http://ns.adobe.com/exif/1.0/aux/",
        Stays::Only(&[
            "Firmware",
            "FlashCompensation",
            "Lens",
            "LensID",
            "LensInfo",
        ]),
    ),
    (
        "http://ns.adobe.com/camera-raw-settings/1.0/",
        Stays::AllBut(&["RawFileName"]),
    ),
    (
        "http://ns.adobe.com/photoshop/1.0/",
        Stays::Only(&[
            "ColorMode",
            "Credit",
            "DateCreated",
            "Headline",
            "ICCProfile",
            "Source",
        ]),
    ),
    // Panoramas, and the brighter version of a picture for screens that can show it.
    (
        "http://ns.google.com/photos/1.0/panorama/",
        Stays::AllBut(&["PoseHeadingDegrees"]),
    ),
    (HDR, Stays::All),
    ("http://ns.google.com/photos/1.0/container/", Stays::All),
    (
        "http://ns.google.com/photos/1.0/container/item/",
        Stays::All,
    ),
    (
        "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        Stays::Only(&["AltTextAccessibility", "ExtDescrAccessibility"]),
    ),
    (
        "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        Stays::Only(&["DigitalSourceType"]),
    ),
    ("http://www.w3.org/XML/1998/namespace", Stays::All),
];

/// True where a packet may stay. Where it may not, its credit is taken down.
pub(super) fn stays(packet: &[u8], credit: &mut Credit, leaks: &mut Leaks) -> bool {
    let mut found = Leaks::default();
    // It is padded, and may have been overwritten where it stands.
    let packet = packet.trim_ascii_end();
    let packet = &packet[..packet
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1)];
    if packet.trim_ascii().is_empty() {
        return true;
    }
    match document(packet) {
        Some(document) => {
            for node in document.descendants() {
                look(node, &mut found);
            }
            if found != Leaks::default() {
                take_down(&document, credit);
            }
        }
        None => found.unread = true,
    }
    leaks.add(found);
    found == Leaks::default()
}

/// True where a packet says that a gain map belongs to the picture, or is one: the brighter version of a picture
/// for screens that can show it.
pub(super) fn is_of_gain_map(packet: &[u8]) -> bool {
    packet.windows(HDR.len()).any(|part| part == HDR.as_bytes())
}

/// A packet that says nothing but that a gain map of so many bytes is behind the picture (Ultra HDR 1.1).
pub(super) fn of_gain_map(length: usize) -> String {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\">\
         <rdf:Description rdf:about=\"\" xmlns:hdrgm=\"{HDR}\" \
         xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
         xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" hdrgm:Version=\"1.0\">\
         <Container:Directory><rdf:Seq>\
         <rdf:li rdf:parseType=\"Resource\">\
         <Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/></rdf:li>\
         <rdf:li rdf:parseType=\"Resource\">\
         <Container:Item Item:Semantic=\"GainMap\" Item:Mime=\"image/jpeg\" Item:Length=\"{length}\"/></rdf:li>\
         </rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
}

fn document(packet: &[u8]) -> Option<Document<'_>> {
    let text = std::str::from_utf8(packet).ok()?;
    crate::xml::check(text).ok()?;
    let options = roxmltree::ParsingOptions {
        nodes_limit: MAX_NODES,
        ..roxmltree::ParsingOptions::default()
    };
    Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).ok()
}

/// Notes what an element, its attributes, or a comment tells.
fn look(node: Node<'_, '_>, found: &mut Leaks) {
    if node.is_comment() {
        found.unread = true;
    }
    if !node.is_element() {
        return;
    }
    let name = node.tag_name();
    note(name.namespace(), name.name(), found);
    for attribute in node.attributes() {
        // `about` is written without a namespace as well.
        if attribute.namespace().is_some() {
            note(attribute.namespace(), attribute.name(), found);
        } else if attribute.name() != "about" {
            found.unread = true;
        }
    }
}

fn note(namespace: Option<&str>, name: &str, found: &mut Leaks) {
    let stays = NAMESPACES
        .iter()
        .find(|(known, _)| Some(*known) == namespace)
        .is_some_and(|(_, stays)| match stays {
            Stays::All => true,
            Stays::AllBut(names) => !names.contains(&name) && !name.starts_with("GPS"),
            Stays::Only(names) => names.contains(&name),
        });
    if stays {
        return;
    }
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&[
        "gps",
        "location",
        "city",
        "state",
        "country",
        "latitude",
        "longitude",
        "heading",
    ]) {
        found.position = true;
    } else if has(&["serial", "makernote"]) {
        found.serial_numbers = true;
    } else if has(&["owner", "person", "region", "contact"]) {
        found.people = true;
    } else if has(&["thumbnail"]) {
        found.thumbnail = true;
    } else {
        found.unread = true;
    }
}

fn take_down(document: &Document<'_>, credit: &mut Credit) {
    let text = |name: &str| {
        let property = document
            .descendants()
            .find(|node| node.has_tag_name((DUBLIN_CORE, name)))?;
        let mut items: Vec<&str> = property
            .descendants()
            .filter(|node| node.has_tag_name((RDF, "li")))
            .filter_map(|item| item.text())
            .collect();
        // The languages of a notice: the first one is the default.
        if name == "rights" {
            items.truncate(1);
        }
        cut(&items.join("; "))
    };
    credit.artist = credit.artist.take().or_else(|| text("creator"));
    credit.copyright = credit.copyright.take().or_else(|| text("rights"));
}

/// The text, as it is carried over; none where it is empty.
pub(super) fn cut(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let mut end = text.len().min(MAX_CREDIT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text[..end].replace('\0', " ");
    (!text.is_empty()).then_some(text)
}
