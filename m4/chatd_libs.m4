# The libraries.  libevent is the only one that must be there; each of the
# others sets have_NAME to yes or no, which CHATD_SUMMARY prints.

# CHATD_LIBEVENT: libevent 2.1 or later, or an error that names the package.
AC_DEFUN([CHATD_LIBEVENT], [
PKG_CHECK_MODULES([LIBEVENT], [libevent_core >= 2.1 libevent_extra >= 2.1], [],
	[AC_MSG_ERROR([libevent 2.1 or later is needed and was not found
	Debian, Ubuntu: apt-get install libevent-dev
	Fedora:         dnf install libevent-devel
	Arch:           pacman -S libevent
	Alpine:         apk add libevent-dev
	macOS:          brew install libevent
	or run ./bootstrap --install, which does it])])
])

# CHATD_OPTIONAL(NAME, VAR, MODULES, WHAT FOR): --with-NAME or --without-NAME;
# sets have_NAME, and the conditional HAVE_VAR.
AC_DEFUN([CHATD_OPTIONAL], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [build without $4])],
	[], [with_$1=auto])
have_$1=no
AS_IF([test "x$with_$1" != xno],
	[PKG_CHECK_MODULES([$2], [$3], [have_$1=yes],
		[AS_IF([test "x$with_$1" = xyes],
			[AC_MSG_ERROR([--with-$1 was given, but pkg-config finds no $3])])])])
AM_CONDITIONAL([HAVE_$2], [test "x$have_$1" = xyes])
])

AC_DEFUN([CHATD_OPENSSL], [CHATD_OPTIONAL([openssl], [OPENSSL],
	[libevent_openssl >= 2.1 openssl >= 1.1.1], [HTTPS])])

AC_DEFUN([CHATD_LIBEDIT], [CHATD_OPTIONAL([libedit], [LIBEDIT],
	[libedit], [line editing in chat])])

AC_DEFUN([CHATD_SQLITE], [CHATD_OPTIONAL([sqlite], [SQLITE],
	[sqlite3], [a history that outlives the daemon])])

# The core calls it, so whatever links the core needs it.
AC_DEFUN([CHATD_UTF8PROC], [
CHATD_OPTIONAL([utf8proc], [UTF8PROC], [libutf8proc],
	[Unicode case folding of nicks])
LIBS="$UTF8PROC_LIBS $LIBS"
])

AC_DEFUN([CHATD_QRENCODE], [CHATD_OPTIONAL([qrencode], [QRENCODE],
	[libqrencode], [the QR code in the banner])])

# The units go where systemd looks for them only if asked to, since that is
# outside of the prefix.
AC_DEFUN([CHATD_SYSTEMD], [
CHATD_OPTIONAL([systemd], [SYSTEMD], [libsystemd],
	[socket activation and sd_notify])
AC_ARG_WITH([systemdsystemunitdir],
	[AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
		[install the systemd units there (default: DATADIR/chatd/systemd)])],
	[], [with_systemdsystemunitdir=no])
AS_CASE([$with_systemdsystemunitdir],
	[no], [systemdsystemunitdir='${pkgdatadir}/systemd'],
	[/*], [systemdsystemunitdir=$with_systemdsystemunitdir],
	[AC_MSG_ERROR([--with-systemdsystemunitdir wants a directory, as in
	--with-systemdsystemunitdir=/lib/systemd/system])])
AC_SUBST([systemdsystemunitdir])
])

# CHATD_CHECK: tests need it, so its absence is an error unless asked for.
AC_DEFUN([CHATD_CHECK], [
AC_ARG_WITH([check], [AS_HELP_STRING([--without-check], [build no tests])],
	[], [with_check=yes])
have_check=no
AS_IF([test "x$with_check" != xno],
	[PKG_CHECK_MODULES([CHECK], [check >= 0.11], [have_check=yes],
		[AC_MSG_ERROR([Check was not found; make check needs it
	Debian, Ubuntu: apt-get install check
	Fedora:         dnf install check-devel
	macOS:          brew install check
	or configure --without-check to build no tests])])])
AM_CONDITIONAL([HAVE_CHECK], [test "x$have_check" = xyes])
])
