#!/bin/sh
# instructions.sh -- the same ratios in instructions, counted by callgrind: they repeat
# where seconds do not. $1: the program "bench". valgrind knows AVX2, not AVX-512.
# Rows go to out/bench-instructions.tsv: name, value, sense, goal.
bench=$1
command -v valgrind >/dev/null || { echo "valgrind is not installed: nothing is counted"; exit 0; }
mkdir -p out
table=out/bench-instructions.tsv
: > "$table.tmp"

# instructions of one job; naive runs on 40 parameters, and is scaled to all
count() {
    log=$(BACKPROBE_KERNEL=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --toggle-collect=bench_counted "$bench" --once "$1" "$2" "$3" 2>&1)
    echo "$log" | awk -v job="$1" '
        /of [0-9]+ parameters/ { part = $1; all = $3 }
        /Collected :/ { n = $NF }
        END { printf "%.0f", job == "naive" ? n * all / part : n }'
}

row() {
    awk -v name="$1" -v a="$2" -v b="$3" -v sense="$4" -v goal="$5" -v table="$table.tmp" 'BEGIN {
        if (a <= 0 || b <= 0) { print name ": could not be counted"; exit }
        v = a / b
        met = sense == ">=" ? v >= goal : v <= goal
        printf "  %-44s %10.4g   %s %-8g %s\n", name, v, sense, goal, met ? "" : "missed"
        printf "%s\t%.4g\t%s\t%g\n", name, v, sense, goal >> table }'
}

net="784-30-10 sigmoid squared-error"
naive=$(count naive "$net" 10)
structured=$(count structured "$net" 10)
delta=$(count delta-form "$net" 10)
node=$(count node-core "$net" 100)
called=$(count node "$net" 100)
backprop=$(count backprop "$net" 100)
echo "instructions, avx2: naive $naive, structured $structured, delta form $delta (N = 10);"
echo "node $node, as called $called, backprop $backprop (N = 100)"
row instructions_naive_vs_structured_784_30_10_n10 "$naive" "$structured" ">=" 200
row instructions_naive_vs_delta_form_784_30_10_n10 "$naive" "$delta" ">=" 350
row instructions_node_vs_backprop_784_30_10_n100 "$node" "$backprop" "<=" 1.3
row instructions_node_as_called_vs_backprop_784_30_10_n100 "$called" "$backprop" "<=" 2
mv "$table.tmp" "$table" && echo "$table"
