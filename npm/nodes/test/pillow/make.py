"""Writes the pictures beside this file, and expected.json: the pixels that Pillow gives for each case.

    pip install pillow==13.0.0
    python3 npm/nodes/test/pillow/make.py photo.jpg

`photo.jpg` is any photograph, here that of Grace Hopper by the U.S. Navy (public domain), from matplotlib's sample data. A
case is [name, parameters of the node, base64 of a PNG]; pictures in parameters are files of this folder.
"""

import base64
import io
import json
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

HERE = Path(__file__).parent


def photo():
    with Image.open(sys.argv[1]) as whole:
        left, top = (whole.width - 400) // 2, 40
        return whole.convert("RGB").crop((left, top, left + 400, top + 300)).resize((56, 42), Image.LANCZOS)


def mark():
    """A picture with soft transparency."""
    result = Image.new("RGBA", (56, 42))
    draw = ImageDraw.Draw(result)
    for at in range(56):
        draw.line([(at, 6), (at, 35)], fill=(250 - at, 4 * at, 90, min(255, at * 6)))
    draw.ellipse((20, 10, 40, 30), fill=(20, 40, 220, 160))
    return result


def blended(base, top, blend):
    """A blend as the W3C's compositing says, for an opaque base: the blend where the top is, by its alpha."""
    mixed = blend(base, top.convert("RGB"))
    return Image.composite(mixed, base, top.getchannel("A"))


def main():
    base = photo()
    top = mark()
    base.save(HERE / "photo.png")
    top.save(HERE / "mark.png")
    base.save(HERE / "photo.jpg", quality=92, subsampling=0)
    base.save(HERE / "photo-subsampled.jpg", quality=85, subsampling=2, progressive=True)
    base.save(HERE / "photo.webp", quality=90)
    top.save(HERE / "mark-lossless.webp", lossless=True)
    base.save(HERE / "photo-lzw.tif", compression="tiff_lzw")
    base.save(HERE / "photo.bmp")
    base.quantize(64).save(HERE / "photo-palette.png")
    base.convert("L").save(HERE / "photo-grey.png")
    base.quantize(64).save(HERE / "photo.gif")

    cases = []

    def case(name, parameters, picture):
        file = io.BytesIO()
        picture.convert("RGBA").save(file, "png", optimize=True)
        cases.append([name, parameters, base64.b64encode(file.getvalue()).decode()])

    for file in sorted(path.name for path in HERE.iterdir() if path.suffix not in (".py", ".json")):
        with Image.open(HERE / file) as picture:
            case(f"reads {file}", {"operation": "convert", "baseImage": file}, picture)
    photo_of = lambda **parameters: {"baseImage": "photo.png", **parameters}
    for width, height in [(28, 21), (33, 17), (112, 84), (7, 5)]:
        case(
            f"resizes to {width} x {height}",
            photo_of(operation="resize", width=width, height=height, fit="fill"),
            base.resize((width, height), Image.LANCZOS),
        )
    case(
        "resizes what is transparent",
        {"operation": "resize", "baseImage": "mark.png", "width": 28, "height": 21, "fit": "fill"},
        top.convert("RGBa").resize((28, 21), Image.LANCZOS).convert("RGBA"),
    )
    case(
        "crops",
        photo_of(operation="crop", left=11, top=7, width=30, height=20),
        base.crop((11, 7, 41, 27)),
    )
    for angle in (90, 180, 270):
        case(f"turns by {angle}", photo_of(operation="rotate", angle=angle), base.rotate(-angle, expand=True))
    case("flips", photo_of(operation="rotate", flip=True), base.transpose(Image.FLIP_TOP_BOTTOM))
    case("flops", photo_of(operation="rotate", flop=True), base.transpose(Image.FLIP_LEFT_RIGHT))
    case("makes grey", photo_of(operation="convert", grayscale=True), base.convert("L"))
    for sigma in (1, 2, 5):
        # By its own sum, because Pillow's Gaussian blur is made of boxes.
        case(f"blurs by {sigma}", photo_of(operation="convert", blur=sigma), gaussian(base, sigma))
    case("lays over", photo_of(operation="overlay", overlayImage="mark.png"), over(base, top))
    half = top.copy()
    half.putalpha(top.getchannel("A").point(lambda alpha: round(alpha / 2)))
    case("lays half over", photo_of(operation="overlay", overlayImage="mark.png", opacity=0.5), over(base, half))
    blends = {
        "multiply": ImageChops.multiply,
        "screen": ImageChops.screen,
        "darken": ImageChops.darker,
        "lighten": ImageChops.lighter,
        "difference": ImageChops.difference,
        "hard-light": ImageChops.hard_light,
        "overlay": ImageChops.overlay,
        "exclusion": exclusion,
    }
    for mode, blend in blends.items():
        case(
            f"blends by {mode}",
            photo_of(operation="overlay", overlayImage="mark.png", blendMode=mode),
            blended(base, top, blend),
        )
    lines = ",\n".join(json.dumps(each) for each in cases)
    (HERE / "expected.json").write_text(f"[\n{lines}\n]\n")


def over(base, top):
    return Image.alpha_composite(base.convert("RGBA"), top)


def exclusion(one, other):
    return ImageChops.subtract(ImageChops.screen(one, other), ImageChops.multiply(one, other))


def gaussian(picture, sigma):
    reach = round(4 * sigma)
    weights = [pow(2.718281828459045, -(at * at) / (2 * sigma * sigma)) for at in range(-reach, reach + 1)]
    total = sum(weights)
    width, height = picture.size

    def along(rows):
        result = []
        for row in rows:
            last = len(row) - 1
            result.append(
                [
                    tuple(
                        sum(
                            weight * row[min(max(at + offset - reach, 0), last)][channel]
                            for offset, weight in enumerate(weights)
                        )
                        / total
                        for channel in range(3)
                    )
                    for at in range(len(row))
                ]
            )
        return result

    flat = list(picture.get_flattened_data())
    rows = along([flat[y * width : (y + 1) * width] for y in range(height)])
    columns = along([[rows[y][x] for y in range(height)] for x in range(width)])
    result = Image.new("RGB", picture.size)
    result.putdata([tuple(round(value) for value in columns[x][y]) for y in range(height) for x in range(width)])
    return result


main()
