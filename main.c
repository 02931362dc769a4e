/* main.c -- command line, streams, exit status; the only file that sees every folder. */
#include <stdio.h>

int main(void)
{
    puts("backprobe");
    return 0;
}
