"""Orientation, color profiles and other metadata of images."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from fovea.bitstream import Metadata
from fovea.picture import Picture
from fovea.picture.color import srgb_transform

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'


def oriented(orientation, size=(50, 30), mode="RGB"):
    noise = np.random.default_rng(orientation).integers(0, 256, (size[1], size[0], len(mode)), np.uint8)
    image = Image.fromarray(noise.squeeze(), mode)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image.info["exif"] = exif.tobytes()
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_pixels_are_turned_if_metadata_are_dropped(orientation, mode):
    image = oriented(orientation, mode=mode)
    picture = Picture.from_image(image, keep_metadata=False)
    assert np.array_equal(picture.to_array(), np.asarray(ImageOps.exif_transpose(image)))
    assert picture.pixels.flags.c_contiguous
    assert picture.metadata == Metadata()


@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_the_pixels_of_several_strips_are_turned(orientation):
    image = oriented(orientation, (1200, 2000))
    picture = Picture.from_image(image, keep_metadata=False)
    assert np.array_equal(picture.pixels, np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_pixels_stay_if_metadata_are_kept(orientation):
    image = oriented(orientation)
    picture = Picture.from_image(image)
    assert np.array_equal(picture.pixels, np.asarray(image))
    assert picture.metadata.exif == image.info["exif"]
    assert picture.to_image().getexif()[ExifTags.Base.Orientation] == orientation


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"", b"garbage", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\xff" + bytes(9)])
def test_an_image_with_broken_exif_is_read(exif):
    image = Image.new("RGB", (3, 2), "red")
    image.info["exif"] = exif
    assert Picture.from_image(image, keep_metadata=False).pixels.shape == (2, 3, 3)
    assert Picture.from_image(image).metadata.exif == exif


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_metadata_of_files_are_read(format_, linear_rgb):
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "a picture"
    file = io.BytesIO()
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", XMP.decode())
    options = {"pnginfo": chunks} if format_ == "PNG" else {"xmp": XMP}
    Image.new("RGB", (16, 16)).save(file, format_, exif=exif, icc_profile=linear_rgb, **options)
    original = Image.open(file)
    original.load()
    picture = Picture.from_image(original)
    assert picture.metadata == Metadata(original.info["exif"], linear_rgb, XMP)
    image = picture.to_image()
    assert image.getexif()[ExifTags.Base.ImageDescription] == "a picture"
    assert (image.info["icc_profile"], image.info["xmp"]) == (linear_rgb, XMP)


def raw_profile(text):
    """Return a PNG whose EXIF is a text, as old versions of ImageMagick write it."""
    file = io.BytesIO()
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Raw profile type exif", text, zip=True)
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(file, "PNG", pnginfo=chunks)
    return Image.open(file)


def test_exif_in_a_text_of_a_png():
    exif = oriented(6).info["exif"]
    digits = "\n".join(exif.hex()[start : start + 72] for start in range(0, 2 * len(exif), 72))
    image = raw_profile(f"\nexif\n{len(exif):8}\n{digits}\n")
    picture = Picture.from_image(image)
    assert picture.metadata == Metadata(exif)
    assert np.array_equal(picture.pixels, np.asarray(image))
    upright = np.asarray(ImageOps.exif_transpose(picture.to_image()))
    assert upright.shape == (5, 4, 3)
    assert np.array_equal(Picture.from_image(image, keep_metadata=False).pixels, upright)


@pytest.mark.parametrize("text", ["", "\nexif\n       4\nno digits\n"])
def test_a_broken_text_of_a_png_is_ignored(text):
    assert Picture.from_image(raw_profile(text)).metadata == Metadata()
    assert Picture.from_image(raw_profile(text), keep_metadata=False).pixels.shape == (4, 5, 3)


@pytest.mark.parametrize("keep", [True, False])
def test_metadata_of_other_types_than_bytes(linear_rgb, keep):
    image = Image.new("RGB", (2, 1), (0, 128, 255))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 1
    image.info.update(exif=exif, icc_profile=bytearray(linear_rgb), xmp="<x/>")
    picture = Picture.from_image(image, keep)
    assert picture.pixels[0, 0] == pytest.approx([0, 128, 255] if keep else [0, 188, 255], abs=2)
    assert picture.metadata == (Metadata(exif.tobytes(), linear_rgb, b"<x/>") if keep else Metadata())
    image.info.update(exif=1, icc_profile=(2, 3), xmp=4)
    assert Picture.from_image(image, keep).metadata == Metadata()


def with_profile(mode, color, profile):
    image = Image.new(mode, (2, 1), color)
    image.info["icc_profile"] = profile
    return image


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "YCbCr"])
def test_the_profile_is_applied_if_metadata_are_dropped(mode, linear_rgb):
    image = with_profile("RGB", (0, 128, 255), linear_rgb).convert(mode)
    picture = Picture.from_image(image, keep_metadata=False)
    assert picture.pixels[0, 0] == pytest.approx([0, 188, 255], abs=2)
    assert picture.metadata == Metadata()
    if mode == "RGBA":
        assert picture.alpha.tolist() == [[255, 255]]


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
@pytest.mark.parametrize("profile", ["linear_gray", "linear_rgb"])
def test_gray_stays_gray(mode, profile, request):
    color = {"L": 128, "LA": (128, 40), "I;16": 128 * 257}[mode]
    image = with_profile(mode, color, request.getfixturevalue(profile))
    picture = Picture.from_image(image, keep_metadata=False)
    assert picture.mode == ("LA" if mode == "LA" else "L")
    assert picture.pixels[0, 0] == pytest.approx([188, 188, 188], abs=1)
    assert np.ptp(picture.pixels[0, 0]) == 0
    if mode == "LA":
        assert picture.alpha.tolist() == [[40, 40]]


def test_the_profile_is_not_applied_if_metadata_are_kept(linear_rgb):
    picture = Picture.from_image(with_profile("RGB", (0, 128, 255), linear_rgb))
    assert picture.pixels[0, 0].tolist() == [0, 128, 255]
    assert picture.metadata.icc == linear_rgb


def test_a_profile_of_srgb_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    image = Image.fromarray(noise)
    image.info["icc_profile"] = profile
    assert np.array_equal(Picture.from_image(image, keep_metadata=False).pixels, noise)


@pytest.mark.parametrize("name", [b"Linear sRGB ", b"sRGB built-i"])
def test_a_profile_is_not_recognized_as_srgb_by_its_name(name, linear_rgb):
    profile = linear_rgb.replace(b"Test profile", name)
    picture = Picture.from_image(with_profile("RGB", (0, 128, 255), profile), keep_metadata=False)
    assert picture.pixels[0, 0] == pytest.approx([0, 188, 255], abs=2)


def test_a_profile_of_srgb_is_recognized_without_its_name(srgb_of_no_name):
    assert srgb_transform(srgb_of_no_name) is None


@pytest.mark.parametrize("keep", [True, False])
def test_cmyk_is_converted_with_its_profile(keep, pale_cmyk):
    picture = Picture.from_image(with_profile("CMYK", (255, 0, 0, 0), pale_cmyk), keep_metadata=keep)
    # L* = 80 is the sRGB gray 198; without the profile this ink would be cyan.
    assert picture.pixels[0, 0] == pytest.approx([198, 198, 198], abs=3)
    assert picture.metadata.icc == b""


def test_a_profile_of_another_kind_is_ignored(pale_cmyk, linear_gray, linear_rgb):
    for mode, color, profile in (
        ("RGB", (10, 20, 30), pale_cmyk),
        ("RGB", (10, 20, 30), linear_gray),
        ("L", 77, pale_cmyk),
        ("CMYK", (255, 0, 0, 0), linear_rgb),
    ):
        plain = Picture.from_image(Image.new(mode, (2, 1), color))
        picture = Picture.from_image(with_profile(mode, color, profile), keep_metadata=False)
        assert np.array_equal(picture.pixels, plain.pixels)


def test_a_broken_profile_is_ignored(linear_rgb):
    for profile in (b"", b"profile", linear_rgb[:100], linear_rgb[:200] + bytes(len(linear_rgb) - 200)):
        picture = Picture.from_image(with_profile("RGB", (10, 20, 30), profile), keep_metadata=False)
        assert picture.pixels[0, 0].tolist() == [10, 20, 30]
