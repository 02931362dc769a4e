#!/bin/sh
# identical.sh -- do two compilers, with and without optimisation, and one thread or two
# print the same report, byte for byte? Each program named runs the small scenarios;
# every file that it leaves is compared with what the first one left.
#
#     sh tests/identical.sh build/cc-O3/backprobe build/cc-O0/backprobe ...
set -u
cd "$(dirname "$0")/.." || exit 2
scenarios='and and-zero-relu or sign xor xor-constant xor-zero-tanh case-b case-c-6 case-d2'
files='report.txt report.json findings.tsv gradients.tsv gradients.json losses.tsv'
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
failed=0
compared=0

# leave NAME THREADS PROGRAM
leave() {
    for scenario in $scenarios; do
        "$3" run --jobs "$2" --quiet --out "$folder/$1" "scenarios/$scenario.conf" >/dev/null
        [ $? -le 1 ] || exit 2
    done
}

compare() {
    for scenario in $scenarios; do
        for file in $files; do
            [ -f "$folder/0/$scenario/$file" ] || continue
            if cmp -s "$folder/0/$scenario/$file" "$folder/1/$scenario/$file"; then
                compared=$((compared + 1))
            else
                echo "identical: $1: $scenario/$file differs"
                diff "$folder/0/$scenario/$file" "$folder/1/$scenario/$file" | head -n 4
                failed=1
            fi
        done
    done
}

first=$1
leave 0 1 "$first" || exit 2
for program in "$@"; do
    for threads in 1 2; do
        [ "$program $threads" = "$first 1" ] && continue
        rm -rf "$folder/1"
        leave 1 $threads "$program" || exit 2
        compare "$program, threads $threads"
    done
done
[ "$compared" -gt 0 ] || { echo "identical: nothing was compared"; exit 1; }
[ $failed -eq 0 ] && echo "identical: $compared files, all the same"
exit $failed
