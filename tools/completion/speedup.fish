# Completion of the speedup command, which says itself what may follow; else a file.
complete -c speedup -a '(speedup complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
