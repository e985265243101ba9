# CHATD_ADD_CFLAG(FLAG): appends it to WARN_CFLAGS where the compiler takes it.
AC_DEFUN([CHATD_ADD_CFLAG], [
AC_MSG_CHECKING([whether $CC takes $1])
chatd_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
	[AC_MSG_RESULT([yes])
	WARN_CFLAGS="$WARN_CFLAGS $1"],
	[AC_MSG_RESULT([no])])
CFLAGS=$chatd_save_CFLAGS
])

# CHATD_WARNINGS: the warnings that the tree is kept free of.
AC_DEFUN([CHATD_WARNINGS], [
WARN_CFLAGS=
m4_foreach_w([chatd_flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef
	-Wformat=2 -Wimplicit-fallthrough], [CHATD_ADD_CFLAG(chatd_flag)])
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [make warnings errors])],
	[], [enable_werror=no])
AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
])

# CHATD_SANITIZERS: --enable-sanitizers, the address and undefined-behaviour
# ones, or --enable-sanitizers=LIST for the compiler's own names.
AC_DEFUN([CHATD_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
		[build with sanitizers (address,undefined)])],
	[], [enable_sanitizers=no])
AS_IF([test "x$enable_sanitizers" = xyes],
	[enable_sanitizers=address,undefined])
SANITIZE_FLAGS=
AS_IF([test "x$enable_sanitizers" != xno],
	[SANITIZE_FLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
	chatd_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $SANITIZE_FLAGS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
		[AC_MSG_ERROR([$CC cannot link with $SANITIZE_FLAGS (is its sanitizer runtime installed?)])])
	CFLAGS=$chatd_save_CFLAGS])
AC_SUBST([SANITIZE_FLAGS])
])

# CHATD_SUMMARY: what was found, printed last.
AC_DEFUN([CHATD_SUMMARY], [
AS_ECHO(["
chatd $PACKAGE_VERSION will be built with

  compiler                            $CC
  warnings are errors                 $enable_werror
  sanitizers                          $enable_sanitizers
  recvmmsg and sendmmsg               $ac_cv_func_sendmmsg
  openat2 (files beneath ROOT)        $ac_cv_header_linux_openat2_h
  inotify (small files kept fresh)    $ac_cv_header_sys_inotify_h
  Landlock (sandbox)                  $ac_cv_header_linux_landlock_h
  OpenSSL (HTTPS)                     $have_openssl
  libsystemd (socket activation)      $have_systemd
  SQLite (--history)                  $have_sqlite
  utf8proc (nicks that look alike)    $have_utf8proc
  libqrencode (QR code in the banner) $have_qrencode
  libedit (line editing in chat)      $have_libedit
  Check (make check)                  $have_check

Now run: make && ./chatd"])
])
