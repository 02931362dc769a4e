#!/bin/sh
# run.sh -- runs every example, right and wrong. A wrong one whose cause is not named, or a
# right one that is not silent, fails. What is not installed here is skipped, with a note.
#
#     sh examples/run.sh BACKPROBE BUILD      (make examples)
backprobe=$(realpath "$1")
build=$(realpath "$2")
cd "$(dirname "$0")" || exit 2
root=..
out=$build/examples
mkdir -p "$out"
failed=0
ran=0
CC=${CC:-cc}
CXX=${CXX:-c++}

say() {
    printf '%-16s %-6s %s\n' "$1" "$2" "$3"
}

fail() {
    say "$1" "$2" "$3"
    failed=1
}

# check NAME right|wrong CAUSE COMMAND...: the first finding's name must be CAUSE; a right one
# has none. Each cause is followed by its layer: "name:1", 0 for the whole network.
check() {
    name=$1 which=$2 cause=$3
    shift 3
    ran=$((ran + 1))
    "$@" --format tsv >"$out/report" 2>"$out/stderr"
    status=$?
    found=$(awk -F '\t' 'NR > 1 && $9 == "finding" { print $1 ":" $4; exit }' "$out/report")
    if [ "$which" = right ]; then
        if [ $status = 0 ] && [ -z "$found" ]; then
            say "$name" right "healthy"
        else
            fail "$name" right "FAILED: expected no finding, got '$found' (exit status $status) $(head -1 "$out/stderr")"
        fi
    elif [ $status = 1 ] && [ "$found" = "$cause" ]; then
        say "$name" wrong "$found"
    else
        fail "$name" wrong "FAILED: expected $cause, got '$found' (exit status $status) $(head -1 "$out/stderr")"
    fi
}

# A python that has the module $1, or nothing.
python_with() {
    for python in python3 /usr/bin/python3; do
        if $python -c "import $1" 2>/dev/null; then
            echo $python
            return
        fi
    done
}

# linked NAME CAUSE SOURCES...: right and wrong, linked with the library; run by itself, and asked over a pipe
linked() {
    example=$1 named=$2
    shift 2
    for which in right wrong; do
        define=
        [ "$which" = wrong ] && define=-DWRONG
        program=$out/$example-$which
        if ! $compiler $define -O1 -I$root "$@" -o "$program" -L"$build" -lbackprobe -lm \
            -Wl,-rpath,"$build" 2>"$out/stderr"; then
            fail "$example" $which "FAILED: does not compile: $(head -1 "$out/stderr")"
            continue
        fi
        check "$example" $which "$named" "$program"
        check "$example+pipe" "$which" "$named" "$backprobe" check --subject "$program"
    done
}

# asked NAME CAUSE COMMAND: right, and wrong with a last word "wrong"
asked() {
    check "$1" right "$2" "$backprobe" check --subject "$3"
    check "$1" wrong "$2" "$backprobe" check --subject "$3 wrong"
}

compiler=$CC
linked c-callbacks missing-activation-derivative:1 c-callbacks/check.c c-callbacks/net.c
linked c-step update-before-backprop:0 c-step/train.c

for which in right wrong; do
    define=
    [ "$which" = wrong ] && define=-DWRONG
    $CC $define -O1 -I$root -shared -fPIC shared-object/mine.c -o "$out/mine-$which.so" -lm
    check shared-object $which accumulator-not-reset:0 "$backprobe" check --subject "$out/mine-$which.so"
done

if command -v "$CXX" >/dev/null; then
    compiler="$CXX -std=c++11 -Wall -Wextra -pedantic"
    linked c++ one-minus-a-as-derivative:1 c++/net.cc
else
    say c++ - "skipped: no C++ compiler"
fi

python=$(python_with json)
if [ -n "$python" ]; then
    asked python-lists sum-overwritten:1 "$python python-lists/xor.py"
    asked python-objects error-propagated-for-delta:0 "$python python-objects/net.py"
    for which in right wrong; do
        $python dumped/dump.py "$out/dumped" $which
        d=$out/dumped
        check dumped $which missing-activation-derivative:1 "$backprobe" check \
            --network '2-3-1 tanh,sigmoid binary-cross-entropy' \
            --theta "$d/W1.csv,$d/b1.csv,$d/W2.csv,$d/b2.csv" \
            --gradient "$d/dW1.csv,$d/db1.csv,$d/dW2.csv,$d/db2.csv" \
            --data "$d/data.csv" --outputs "$d/y.csv"
    done
else
    say python-lists - "skipped: no python3"
fi
python=$(python_with numpy)
if [ -n "$python" ]; then
    asked python-numpy bias-summed-over-everything:0 "$python python-numpy/net.py"
else
    say python-numpy - "skipped: no python3 with numpy"
fi

if command -v node >/dev/null; then
    asked javascript derivative-at-activated-value:0 "node javascript/net.js"
else
    say javascript - "skipped: no node"
fi

if perl -MJSON::PP -e 1 2>/dev/null; then
    asked perl extra-output-derivative:2 "perl perl/net.pl"
else
    say perl - "skipped: no perl with JSON::PP"
fi

echo "$ran examples run"
[ $failed = 0 ] || echo "an example failed"
exit $failed
