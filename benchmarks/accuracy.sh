#!/usr/bin/env bash
# Accuracy over bitrate: benchmarks/accuracy.sh [SET...], by default on all sets of small pictures.
#
# Results are cached in .accuracy/, so an interrupted run continues where it stopped, and a further codec costs only its
# own work. Tables go to RESULTS/SET. The report stays in .accuracy/, because it shows images of others. The set "ways"
# compares several methods to code for machines. "coco_untaught" has those recognizers alone that had no part in the
# training of fovea-s. "coco_s2" compares fovea-s2 with fovea-s and VVC, and "coco_s2_untaught" has those recognizers
# alone that had no part in its training. "indoor_s2" compares them on the images of "indoor". "coco_seen" scores
# recognizers against their own output on the originals, which is less noisy than labels. "views", "drone" and
# "coco_sizes" compare the sizes at which codecs code, likewise by what is seen; the first two are the 1080p frames of
# frames.py, of the half named judge.
#   CODECS   codecs to compare
#   SIZED    codecs to compare at several sizes; the last one is what the others are compared with first
#   LIMIT    largest number of images of each set
#   SHARED   folder of the data sets and recognizers, ../shared by default
#   RESULTS  folder for tables, benchmarks/results/accuracy by default; another folder for the input of join.py
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${SHARED:-${FOVEA_SHARED:-../shared}}
codecs=${CODECS:-fovea-s,fovea-s-object-mse,fovea-s-task,fovea-s-mse,jpeg,webp,avif:6,jxl,avc,hevc,vvc:fast}
sized_codecs=${SIZED:-fovea-s jpeg hevc vvc:fast}
with_roi=fovea-s-roi+roi:$shared/models/yolox_nano.onnx
ways=fovea-s,fovea-s-object-mse,fovea-s-task,$with_roi,fovea-s-mse,hevc,vvc:fast
second=fovea-s2,fovea-s,vvc:fast
untaught="yolox_nano centernet_mbv3_512 yolov5n"
all="$untaught yolov8n yolov8n-seg"
fovea=${FOVEA:-.venv/bin/fovea}
tables=${RESULTS:-benchmarks/results/accuracy}

recognizers() {
    local paths=("${@/#/$shared/models/}")
    local listed=${paths[*]/%/.onnx}
    echo "${listed// /,}"
}

evaluate() { # SET, recognizers, further options
    local work=.accuracy/$1 results=$tables/$1
    # shellcheck disable=SC2046
    "$fovea" eval --codecs "$codecs" --recognizers "$2" --out "$work" --cache .accuracy/cache.sqlite \
        $([ -z "${LIMIT:-}" ] || echo --limit "$LIMIT") "${@:3}"
    mkdir -p "$results"
    cp "$work"/{points.csv,summary.csv,pairs.csv} "$results"
}

measure() { # SET, labels, images, recognizers, further options
    evaluate "$1" "$4" --data "$shared/data/$2" --images "$shared/data/$3" --anchor hevc "${@:5}"
}

# Each codec at four sizes, and each Fovea model also at the size that it chooses.
declare -A sizes_qualities=(
    [fovea-s]=5,15,25,35,45,60,75,90 [vvc:fast]=18,22,26,30,34 [hevc]=9,13,17,21,25,29 [jpeg]=5,12,20,30,45,65
)
measure_sizes() { # SET, further options
    local codec sized="" options=()
    for codec in $sized_codecs; do
        [[ $codec != fovea* ]] || sized+=$codec@1,
        sized+=$codec,$codec@3/4,$codec@1/2,$codec@1/3,
        [ -z "${sizes_qualities[$codec]:-}" ] || options+=(--qualities "$codec=${sizes_qualities[$codec]}")
    done
    codecs=${sized%,} evaluate "$1" "$(recognizers yolov5n yolov8n yolox_nano centernet_mbv3_512)" --reference self \
        --anchor "${sized_codecs##* }@best" "${options[@]}" "${@:2}"
}

for set in "${@:-coco coco_untaught coco_seen masks ways indoor}"; do
    for name in $set; do
        case $name in
            # shellcheck disable=SC2086
            coco) measure coco coco/val.json coco/val "$(recognizers $all)" ;;
            # shellcheck disable=SC2086
            coco_untaught) measure "$name" coco/val.json coco/val "$(recognizers $untaught)" ;;
            # shellcheck disable=SC2086
            coco_s2) codecs=$second measure "$name" coco/val.json coco/val "$(recognizers $all)" --anchor vvc:fast ;;
            coco_s2_untaught)
                codecs=$second measure "$name" coco/val.json coco/val "$(recognizers yolov5n yolov8n yolov8n-seg)" \
                    --anchor vvc:fast
                ;;
            # shellcheck disable=SC2086
            coco_seen) measure "$name" coco/val.json coco/val "$(recognizers $all)" --reference self ;;
            masks) measure masks coco/val_masks.json coco/val "$(recognizers yolov8n-seg)" ;;
            indoor_s2)
                codecs=$second,hevc measure "$name" indoor/instances.json indoor/images \
                    "$(recognizers yolov8n yolox_nano)" --anchor vvc:fast
                ;;
            indoor) measure "$name" "$name/instances.json" "$name/images" "$(recognizers yolov8n yolox_nano)" ;;
            # shellcheck disable=SC2086
            ways) codecs=$ways measure ways coco/val.json coco/val "$(recognizers $all)" ;;
            views | drone)
                [ -d ".accuracy/frames/$name" ] || "${fovea%/*}/python" benchmarks/frames.py
                measure_sizes "$name" --data ".accuracy/frames/$name/judge"
                ;;
            coco_sizes)
                LIMIT=${LIMIT:-100} measure_sizes "$name" --data "$shared/data/coco/val.json" \
                    --images "$shared/data/coco/val"
                ;;
            *)
                echo "unknown set $name: coco, coco_untaught, coco_s2, coco_s2_untaught, coco_seen, masks, ways," \
                    "indoor, indoor_s2, views, drone, coco_sizes" >&2
                exit 2
                ;;
        esac
    done
done
