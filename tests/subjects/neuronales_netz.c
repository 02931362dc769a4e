/* Einfaches neuronales Netz: 3 Eingaenge, 4 verdeckte Neuronen, 2 Ausgaenge, alles tanh */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define EIN 3
#define VERD 4
#define AUS 2

double **gewicht1, **gewicht2;      /* [nach][von], letztes Element = Schwelle */
double verdeckt[VERD], ausgabe[AUS];

double **matrix(int zeilen, int spalten)
{
    double **m = malloc(zeilen * sizeof(double *));
    int z, s;
    for (z = 0; z < zeilen; z++) {
        m[z] = malloc(spalten * sizeof(double));
        for (s = 0; s < spalten; s++)
            m[z][s] = 1.2 * rand() / RAND_MAX - 0.6;
    }
    return m;
}

void anlegen(void)
{
    gewicht1 = matrix(VERD, EIN + 1);
    gewicht2 = matrix(AUS, VERD + 1);
}

void vorwaerts(const double *e)
{
    int i, j;
    for (j = 0; j < VERD; j++) {
        double summe = gewicht1[j][EIN];
        for (i = 0; i < EIN; i++)
            summe += gewicht1[j][i] * e[i];
        verdeckt[j] = tanh(summe);
    }
    for (j = 0; j < AUS; j++) {
        double summe = gewicht2[j][VERD];
        for (i = 0; i < VERD; i++)
            summe += gewicht2[j][i] * verdeckt[i];
        ausgabe[j] = tanh(summe);
    }
}

void lernen(const double *e, const double *soll, double lernrate)
{
    double fehler_aus[AUS], fehler_verd[VERD];
    int i, j;

    vorwaerts(e);
    for (j = 0; j < AUS; j++)
        fehler_aus[j] = (soll[j] - ausgabe[j]) * (1 - pow(ausgabe[j], 2));
    for (i = 0; i < VERD; i++) {
        double summe = 0;
        for (j = 0; j < AUS; j++)
            summe += gewicht2[j][i] * fehler_aus[j];
        fehler_verd[i] = summe * (1 - pow(verdeckt[i], 2));
    }
    for (j = 0; j < AUS; j++) {
        for (i = 0; i < VERD; i++)
            gewicht2[j][i] += lernrate * fehler_aus[j] * verdeckt[i];
        gewicht2[j][VERD] += lernrate * fehler_aus[j];
    }
    for (j = 0; j < VERD; j++) {
        for (i = 0; i < EIN; i++)
            gewicht1[j][i] += lernrate * fehler_verd[j] * e[i];
        gewicht1[j][EIN] += lernrate * fehler_verd[j];
    }
}

int main(void)
{
    int n, k, richtig = 0;
    srand(123);
    anlegen();
    for (n = 0; n < 20000; n++) {
        double e[EIN], soll[AUS];
        for (k = 0; k < EIN; k++)
            e[k] = 2.0 * rand() / RAND_MAX - 1;
        soll[0] = e[0] * e[1] > 0 ? 0.9 : -0.9;
        soll[1] = e[0] + e[2] > 0 ? 0.9 : -0.9;
        lernen(e, soll, 0.1);
        if (n >= 19000)
            richtig += (ausgabe[0] * soll[0] > 0) + (ausgabe[1] * soll[1] > 0);
    }
    printf("richtig: %d von 2000\n", richtig);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static void kopieren(double *theta, int heraus)
{
    for (int j = 0; j < VERD; j++)
        for (int i = 0; i <= EIN; i++, theta++)
            if (heraus) *theta = gewicht1[j][i]; else gewicht1[j][i] = *theta;
    for (int j = 0; j < AUS; j++)
        for (int i = 0; i <= VERD; i++, theta++)
            if (heraus) *theta = gewicht2[j][i]; else gewicht2[j][i] = *theta;
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    kopieren((double *)theta, 0);
    for (size_t s = 0; s < b->n; s++) {
        vorwaerts(b->x + EIN * s);
        for (int j = 0; j < AUS; j++)
            y[AUS * s + j] = ausgabe[j];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    kopieren((double *)theta, 0);
    lernen(b->x, b->t, rate);
    kopieren(next, 1);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    };
    anlegen();
    s->abi = BACKPROBE_ABI;
    s->name = "neuronales_netz";
    s->network = "3-4-2 tanh squared-error";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
