# figure.gp -- every row of out/bench.tsv: how far on the good side of its goal it is.
set terminal svg size 900,760 font "sans,12" noenhanced background "white"
set output "out/bench.svg"
set datafile separator "\t"
set logscale x 10
set xlabel "times better than the goal (left of 1: missed)"
set xtics nomirror
set ytics nomirror font ",11"
set yrange [:] reverse
set border 3
set lmargin 42
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#888888" dt 2
unset key
better(value, sense, goal) = sense eq ">=" ? value / goal : goal / value
plot "out/bench.tsv" using (better($2, strcol(3), $4)):0:ytic(strcol(1)) \
    with points pt 7 ps 1.2 lc rgb "#2060a0"
