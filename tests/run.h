/*
 * What every test program's main() does: run one suite and say how it ended.
 */
#ifndef CHATD_TESTS_RUN_H
#define CHATD_TESTS_RUN_H

#include <check.h>

/* The number of cases in a table, for tcase_add_loop_test(). */
#define CASES(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Runs the suite, prints Check's summary; returns an exit status. */
int run_suite(Suite *);

#endif
