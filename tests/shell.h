/* shell.h -- for tests: lines of shell, run in a folder that goes away, with $B the program
 * and $C what `make confusion` runs.
 */
#ifndef SHELL_H
#define SHELL_H

/* Checked fixtures: an empty folder before each test, gone after it. */
void shell_open(void);
void shell_close(void);

/* The exit status of a line; -1 when it was killed. */
int shell(const char *line);

#endif
