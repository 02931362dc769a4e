#!/bin/sh
# mnist.sh -- puts the four files of MNIST into a folder (data/mnist unless one is named).
# They come from $MNIST_URL, a folder on the web or a file:// one, or else from public mirrors.
# A file is written beside its place and moved there when its SHA-256 is right, so that
# whatever stops this half-way, no file is half there. Files that are there and right stay.
# Exit status: 0 all four are there, 2 not.
set -u
folder=${1:-data/mnist}
mirrors=${MNIST_URL:-"https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist"}
part=
trap '[ -z "$part" ] || rm -f "$part"' EXIT
trap 'exit 2' HUP INT TERM

fail() {
    echo "mnist: $*" >&2
    exit 2
}

# The SHA-256 of a file, by whichever program there is.
sum() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1" | cut -d ' ' -f 1
    else
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    fi
}

# copy URL FILE
copy() {
    case $1 in
    file://*) cp "${1#file://}" "$2" 2>/dev/null ;;
    *)
        if command -v curl >/dev/null; then
            curl -fsSL --connect-timeout 20 --retry 2 -o "$2" "$1"
        else
            wget -q -T 20 -t 2 -O "$2" "$1"
        fi
        ;;
    esac
}

# get NAME SHA256
get() {
    [ -f "$folder/$1" ] && [ "$(sum "$folder/$1")" = "$2" ] && return 0
    part=$folder/$1.part
    why="no mirror to fetch it from"
    for mirror in $mirrors; do
        echo "mnist: $1 from $mirror"
        if ! copy "${mirror%/}/$1" "$part"; then
            why="cannot be fetched from $mirror"
        elif [ "$(sum "$part")" != "$2" ]; then
            why="from $mirror: SHA-256 is $(sum "$part"), expected $2"
        else
            mv -f "$part" "$folder/$1" || fail "$folder/$1: cannot be written"
            return 0
        fi
    done
    fail "$1: $why"
}

mkdir -p "$folder" || fail "$folder: cannot be made"
get train-images-idx3-ubyte.gz 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
get train-labels-idx1-ubyte.gz 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
get t10k-images-idx3-ubyte.gz 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
get t10k-labels-idx1-ubyte.gz f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
echo "mnist: $folder holds the four files, checksums right"
