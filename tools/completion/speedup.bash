# Completion of the speedup command, which says itself what may follow; else a file.
_speedup()
{
    mapfile -t COMPREPLY < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _speedup speedup
