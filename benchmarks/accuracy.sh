#!/usr/bin/env bash
# Accuracy over bitrate on every data set: benchmarks/accuracy.sh [SET...], by default all of them.
#
# Work is kept in .accuracy/, so an interrupted run goes on where it stopped, and a further codec costs only itself.
# Tables and curves go to results/accuracy/SET; the report, which shows images that are not ours, stays in .accuracy/.
#   CODECS   what to compare             LIMIT    so many images at most
#   SHARED   folder of the data sets and recognizers, ../shared by default
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${SHARED:-${FOVEA_SHARED:-../shared}}
codecs=${CODECS:-fovea-s,fovea-s-mse,jpeg,webp,avif:6,jxl,avc,hevc,vvc:fast}
fovea=${FOVEA:-.venv/bin/fovea}

recognizers() {
    local paths=("${@/#/$shared/models/}")
    local listed=${paths[*]/%/.onnx}
    echo "${listed// /,}"
}

measure() { # SET, labels, images, recognizers
    local work=.accuracy/$1 results=benchmarks/results/accuracy/$1
    # shellcheck disable=SC2046
    "$fovea" eval --data "$shared/data/$2" --images "$shared/data/$3" --codecs "$codecs" --recognizers "$4" \
        --anchor hevc --out "$work" --cache .accuracy/cache.sqlite $([ -z "${LIMIT:-}" ] || echo --limit "$LIMIT")
    mkdir -p "$results"
    cp "$work"/{points.csv,summary.csv,curves.png} "$results"
}

for set in "${@:-coco masks aerial_cars indoor}"; do
    for name in $set; do
        case $name in
            coco) measure coco coco/val.json coco/val \
                "$(recognizers yolox_nano centernet_mbv3_512 yolov5n yolov8n yolov8n-seg)" ;;
            masks) measure masks coco/val_masks.json coco/val "$(recognizers yolov8n-seg)" ;;
            aerial_cars | indoor) measure "$name" "$name/instances.json" "$name/images" \
                "$(recognizers yolov8n yolox_nano)" ;;
            *) echo "unknown set $name: coco, masks, aerial_cars, indoor" >&2; exit 2 ;;
        esac
    done
done
