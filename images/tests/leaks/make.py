#!/usr/bin/env python3
"""Makes the pictures of this folder, which tell of where and with what they were taken.

    make.py            (needs Pillow with AVIF, pillow-heif, and exiftool)

What each has is told by the tests that read it (images/src/strip/tests.rs).
"""
import io
import struct
import subprocess
from pathlib import Path

from PIL import Image, ImageCms

HERE = Path(__file__).resolve().parent
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 exif:GPSLatitude="52,31.2N" exif:GPSLongitude="13,24.5E" aux:SerialNumber="SECRET-1234" photoshop:City="SECRETVILLE">
<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada 2026</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
HARMLESS_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:CreatorTool="GIMP" xmp:Rating="5"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()
KEPT = [
    "-Orientation#=6", "-DateTimeOriginal=2026:05:01 12:30:00", "-OffsetTimeOriginal=+02:00", "-ImageDescription=A cat",
    "-Make=Acme", "-Model=Shot 3", "-EXIF:Artist=Ada", "-EXIF:Copyright=(c) Ada", "-ExposureTime=1/250", "-FNumber=2.8",
    "-ISO=200", "-FocalLength=35", "-LensModel=35mm", "-ColorSpace#=65535", "-InteropIndex=R03",
]
SECRET = [
    "-GPSLatitude=52.52", "-GPSLatitudeRef=N", "-GPSLongitude=13.4", "-GPSLongitudeRef=E", "-GPSAltitude=34",
    "-SerialNumber=SECRET-1", "-LensSerialNumber=SECRET-2", "-OwnerName=SECRET Owner", "-UserComment=SECRET comment",
    "-ImageUniqueID=5EC4E75EC4E75EC4E75EC4E75EC4E750",
]


def picture(mode="RGB", size=(48, 32)):
    width, height = size
    image = Image.new(mode, size)
    for x in range(width):
        for y in range(height):
            value = (x * 255 // width, y * 255 // height, (x * y) % 256, 255 - x)
            image.putpixel((x, y), value[: len(mode)])
    return image


def exif(byte_order):
    """EXIF with what exiftool does not write: a maker note. As the block alone."""
    data = Image.Exif()
    data.endian = {"II": "<", "MM": ">"}[byte_order]
    data.get_ifd(0x8769)[0x927C] = b"SECRET maker note " * 4
    image = io.BytesIO()
    picture().save(image, "jpeg", exif=data.tobytes())
    path = HERE / "block.jpg"
    path.write_bytes(image.getvalue())
    thumbnail = HERE / "thumbnail.jpg"
    picture(size=(16, 12)).save(thumbnail)
    tool(path, *KEPT, *SECRET, f"-ThumbnailImage<={thumbnail}")
    block = Image.open(path).info["exif"][6:]
    path.unlink()
    thumbnail.unlink()
    return block


def tool(path, *options):
    subprocess.run(["exiftool", "-q", "-m", "-overwrite_original", *options, path], check=True)


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(**options):
    file = io.BytesIO()
    picture().save(file, "jpeg", quality=85, **options)
    return file.getvalue()


def hdr(block):
    """A picture with its gain map, of which XMP and an index tell."""
    hdrgm = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    of_map = HARMLESS_XMP.replace(b'xmp:Rating="5"', hdrgm)
    gain_map = io.BytesIO()
    exif_of_map = block if block else Image.Exif().tobytes()
    picture("L", (12, 8)).save(gain_map, "jpeg", xmp=of_map, exif=b"Exif\0\0" + exif_of_map if block else b"")
    gain_map = gain_map.getvalue()
    told = (XMP if block else HARMLESS_XMP).replace(b'rdf:about=""', b'rdf:about="" ' + hdrgm)
    first = jpeg(xmp=told, exif=b"Exif\0\0" + block if block else b"", icc_profile=ICC)
    at = 2 + 18  # behind JFIF
    entries = lambda size, start: struct.pack(">IIIHHIIIHH", 0x30000, size, 0, 0, 0, 0, len(gain_map), start, 0, 0)
    index = lambda size, start: segment(0xE2, b"MPF\0" + b"MM\0*" + struct.pack(
        ">IHHHI4sHHIIHHIII", 8, 3, 0xB000, 7, 4, b"0100", 0xB001, 4, 1, 2, 0xB002, 7, 32, 50, 0) + entries(size, start))
    size = len(first) + len(index(0, 0))
    return first[:at] + index(size, size - (at + 8)) + first[at:] + gain_map


def main():
    little, big = exif("II"), exif("MM")
    header = b"Exif\0\0"
    write("animation.avif", animation())
    write("plain.jpg", jpeg(icc_profile=ICC, xmp=HARMLESS_XMP, comment="Made by hand"))
    write("camera.jpg", jpeg(icc_profile=ICC, exif=header + little, xmp=XMP))
    tool(HERE / "camera.jpg", "-IPTC:City=SECRETVILLE", "-IPTC:By-line=Cleo", "-IPTC:CopyrightNotice=(c) Cleo",
         "-Photoshop:XResolution=72")
    write("camera-big-endian.jpg", jpeg(exif=header + big, progressive=True))
    write("words.jpg", jpeg())
    tool(HERE / "words.jpg", "-IPTC:City=SECRETVILLE", "-IPTC:By-line=Cleo", "-IPTC:CopyrightNotice=(c) Cleo")
    write("xmp.jpg", jpeg(xmp=XMP))
    film = struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + struct.pack(">I4s", 38, b"moov") \
        + b"\xa9xyz+52.5200+013.4000/SECRET..."
    write("moving.jpg", jpeg(icc_profile=ICC) + film)
    write("hdr.jpg", hdr(little))
    write("hdr-plain.jpg", hdr(None))
    for name, options in {
        "camera.png": {"format": "png"}, "camera.webp": {"format": "webp", "lossless": True},
        "camera-lossy.webp": {"format": "webp"}, "camera.avif": {"format": "avif"},
    }.items():
        file = io.BytesIO()
        mode = "RGB" if name.endswith("avif") else "RGBA"
        if options["format"] != "png":
            options["xmp"] = XMP
        picture(mode).save(file, exif=header + little, icc_profile=ICC, **options)
        write(name, file.getvalue())
    tool(HERE / "camera.png", "-XMP-photoshop:City=SECRETVILLE", "-XMP-dc:Rights=(c) Ada", "-PNG:Comment=A cat")
    file = io.BytesIO()
    picture().quantize(16).save(file, "gif", save_all=True, append_images=[picture().rotate(90).quantize(16)], loop=3,
                                comment=b"A cat")
    write("camera.gif", file.getvalue())
    tool(HERE / "camera.gif", "-XMP-photoshop:City=SECRETVILLE")
    import pillow_heif  # not beside the AVIF of Pillow

    pillow_heif.register_heif_opener()
    picture().save(HERE / "camera.heic", exif=header + little, xmp=XMP, icc_profile=ICC)


def animation():
    """Without an orientation, at which Pillow 13 crashes."""
    data = Image.Exif()
    data[0x010E] = "A cat"
    data.get_ifd(0x8769)[0xA431] = "SECRET-1"
    data.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    picture().save(file, "avif", save_all=True, append_images=[picture().rotate(90)], exif=data.tobytes())
    return file.getvalue()


def write(name, data):
    (HERE / name).write_bytes(data)


main()
