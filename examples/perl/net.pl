#!/usr/bin/perl
# Another language, without a helper: a client of docs/protocol.md, with JSON lists. The
# network is 2-4-2, tanh and softmax; "perl net.pl wrong" has the mistake.
#
#     backprobe check --subject 'perl net.pl'
use strict;
use warnings;
use JSON::PP;

my $wrong = grep { $_ eq "wrong" } @ARGV;
my ($IN, $HID, $OUT) = (2, 4, 2);
my $JSON = JSON::PP->new->canonical;

# theta is W1 (hidden x in), b1, W2 (out x hidden), b2
sub unpack_theta {
    my @p = @{ $_[0] };
    return ([ splice @p, 0, $HID * $IN ], [ splice @p, 0, $HID ], [ splice @p, 0, $OUT * $HID ], [@p]);
}

sub forward {
    my ($w1, $b1, $w2, $b2, @x) = @_;
    my (@h, @y);
    for my $i (0 .. $HID - 1) {
        my $z = $b1->[$i];
        $z += $w1->[ $i * $IN + $_ ] * $x[$_] for 0 .. $IN - 1;
        $h[$i] = (exp($z) - exp(-$z)) / (exp($z) + exp(-$z));
    }
    my $sum = 0;
    for my $k (0 .. $OUT - 1) {
        my $z = $b2->[$k];
        $z += $w2->[ $k * $HID + $_ ] * $h[$_] for 0 .. $HID - 1;
        $sum += $y[$k] = exp($z);
    }
    return (\@h, [ map { $_ / $sum } @y ]);
}

sub gradient {
    my ($theta, $n, $x, $t) = @_;
    my ($w1, $b1, $w2, $b2) = unpack_theta($theta);
    my @g = (0) x @$theta;
    my ($at_b1, $at_w2, $at_b2) = ($HID * $IN, $HID * $IN + $HID, $HID * $IN + $HID + $OUT * $HID);
    for my $s (0 .. $n - 1) {
        my @x = @$x[ $s * $IN .. $s * $IN + $IN - 1 ];
        my ($h, $y) = forward($w1, $b1, $w2, $b2, @x);
        my @d2 = map { ($y->[$_] - $t->[ $s * $OUT + $_ ]) / $n } 0 .. $OUT - 1;
        @d2 = map { $d2[$_] * $y->[$_] * (1 - $y->[$_]) } 0 .. $OUT - 1 if $wrong;
        for my $k (0 .. $OUT - 1) {
            $g[ $at_b2 + $k ] += $d2[$k];
            $g[ $at_w2 + $k * $HID + $_ ] += $d2[$k] * $h->[$_] for 0 .. $HID - 1;
        }
        for my $i (0 .. $HID - 1) {
            my $e = 0;
            $e += $d2[$_] * $w2->[ $_ * $HID + $i ] for 0 .. $OUT - 1;
            $e *= 1 - $h->[$i]**2;
            $g[ $at_b1 + $i ] += $e;
            $g[ $i * $IN + $_ ] += $e * $x[$_] for 0 .. $IN - 1;
        }
    }
    return \@g;
}

$| = 1;
while (my $line = <STDIN>) {
    my $q = $JSON->decode($line);
    my %answer = (id => $q->{id});
    if ($q->{call} eq "hello") {
        %answer = (
            %answer,
            backprobe => 1,
            name      => "net.pl",
            network   => "$IN-$HID-$OUT tanh,softmax softmax-cross-entropy",
            arrays    => [ map { { layer => $_->[0], role => $_->[1] } } [ 1, "weights" ], [ 1, "biases" ], [ 2, "weights" ], [ 2, "biases" ] ],
            can       => [ "predict", "gradient" ],
        );
    } elsif ($q->{call} eq "predict") {
        my @w = unpack_theta($q->{theta});
        $answer{y} = [ map { my ($h, $y) = forward(@w, @{ $q->{x} }[ $_ * $IN .. $_ * $IN + $IN - 1 ]); $y } 0 .. $q->{n} - 1 ];
    } elsif ($q->{call} eq "gradient") {
        $answer{g} = gradient($q->{theta}, $q->{n}, $q->{x}, $q->{t});
    }
    print $JSON->encode(\%answer), "\n";
}
