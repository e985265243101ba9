# Makes C of text files: a function for each that returns the text as a str.
#
#	awk -f embed.awk header=site/x.h name=x_page FILE name=x_script FILE ...

function finish() {
	print ";\n\n\treturn (struct str){ text, sizeof(text) - 1 };\n}"
}

FNR == 1 {
	if (NR == 1)
		print "#include \"" header "\""
	else
		finish()
	print "\nstruct str\n" name "(void)\n{\n\tstatic const char text[] ="
}

{
	gsub(/[\\"?]/, "\\\\&")
	print "\t    \"" $0 "\\n\""
}

END { finish() }
