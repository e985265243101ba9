# CHATD_C11: a compiler that takes C11 with GNU extensions, or an error.
AC_DEFUN([CHATD_C11], [
AC_MSG_CHECKING([whether $CC takes -std=gnu11])
chatd_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -std=gnu11"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdbool.h>]],
	[[_Static_assert(sizeof(bool) > 0, "C11"); return 0;]])],
	[AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	AC_MSG_ERROR([a C11 compiler is needed (try gcc 5 or clang 3.6, or later)])])
CFLAGS=$chatd_save_CFLAGS
AC_SUBST([STD_CFLAGS], [-std=gnu11])
])
