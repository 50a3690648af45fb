# SPDX-License-Identifier: MIT
# Copyright The Trellis authors
#
# What scripts ask of a shell and of the system below it. Run in an empty
# directory; its output must be the same on Linux, with the same busybox.

section() {
    echo "== $*"
}

section variables and expansion
name=world
unset missing
echo "hello $name ${name}s ${missing:-default} ${missing-unset} ${name:+set}"
: "${assigned:=value}"
echo "$assigned ${#name}"
path=/usr/local/lib/libx.so.1
echo "${path##*/} ${path#*/} ${path%/*} ${path%%.*}"
set -- one "two words" three
echo "$# $1 $2 $3"
for word in "$@"; do echo "<$word>"; done
for word in $*; do echo "[$word]"; done
shift 2
echo "$1 $#"
IFS=:
for part in a:b:c; do echo "literal $part"; done
list=a:b:c
for part in $list; do echo "split $part"; done
unset IFS

section quoting
echo 'single $name' "double $name" back\\slash "a\"b" 'it'\''s'
printf '%s|%5d|%-5s|%x|%c\n' text 42 left 255 z
printf '%b' 'tab\there\n'
echo "$(printf 'trailing\n\n\n')end"

section arithmetic
echo $((1 + 2 * 3)) $(((1 + 2) * 3)) $((7 / 2)) $((7 % 3)) $((-7 / 2))
x=5
echo $((x += 3)) $((x << 2)) $((x > 3 && x < 10)) $((x == 8 ? 100 : 200)) $((0x1f)) $((010))
i=0
while [ $i -lt 5 ]; do
    i=$((i + 1))
    [ $i -eq 3 ] && continue
    [ $i -eq 5 ] && break
    echo "loop $i"
done
until [ $i -le 2 ]; do i=$((i - 1)); done
echo "i is $i"

section tests
[ -z "" ] && [ -n "x" ] && [ a = a ] && [ a != b ] && echo strings
[ 1 -lt 2 ] && [ 2 -ge 2 ] && [ ! 3 -eq 4 ] && echo numbers
touch empty
echo content > full
[ -e empty ] && [ -f empty ] && [ ! -s empty ] && [ -s full ] && [ -d . ] && echo files
[ -r full ] && [ -w full ] && [ ! -x full ] && echo permissions
test full -nt /nonexistent && echo newer
case $name in
    w*d) echo "pattern w*d" ;;
    *) echo no ;;
esac
case abc in
    [xyz]*) echo no ;;
    a?c | zzz) echo "alternatives" ;;
esac

section functions
factorial() {
    if [ "$1" -le 1 ]; then
        echo 1
    else
        local below
        below=$(factorial $(($1 - 1)))
        echo $(($1 * below))
    fi
}
factorial 10
outer=1
change() {
    local outer=2
    inner=3
    return 7
}
change
echo "status $? outer $outer inner $inner"

section redirections
echo first > out
echo second >> out
cat < out
{
    echo grouped
    echo lines
} > group
cat group
ls /nonexistent 2> errors || echo "ls failed"
[ -s errors ] && echo "errors caught"
(echo to stdout; echo to stderr >&2) > both 2>&1
sort both
exec 3> third
echo by descriptor >&3
exec 3>&-
cat third
exec 4< full
read -r line <&4
exec 4<&-
echo "read $line"
cat <<END
here $name $((2 + 2)) $(echo command)
END
cat <<'END'
raw $name
END
cat <<-END
	indented
	END
cat > many <<END
3 c
1 a
2 b
END

section pipelines
echo "one two three" | tr ' ' '\n' | sort -r | head -n 2
seq 1 1000 | awk '{ sum += $1 } END { print sum }'
yes | head -n 3
printf 'b\na\nb\nc\n' | sort | uniq -c | sort -rn | head -n 1 | awk '{ print $1, $2 }'
echo abc | { read -r value; echo "got $value"; }
false | true
echo "last decides: $?"
! false
echo "negated: $?"
seq 1 5 | while read -r n; do printf '%s,' "$n"; done
echo
cat /dev/null | wc -c
dd if=/dev/zero bs=1024 count=64 2> /dev/null | wc -c

section command substitution
echo "nested $(echo "inner $(echo deep)")"
files=$(ls | wc -l)
[ "$files" -gt 5 ] && echo "several files"
echo `echo backquotes`
lines=$(sort many)
echo "$lines"

section globbing
mkdir -p globs/sub
touch globs/a.c globs/b.c globs/c.h globs/.hidden globs/sub/d.c
echo globs/*.c
echo globs/[bc].*
echo globs/?.h
echo globs/*/*.c
echo globs/*.none
(cd globs && echo *)
set -f
echo *.c
set +f

section background jobs
(sleep 0.1; echo late > late) &
wait $!
cat late
(exit 3) &
first=$!
(exit 4) &
second=$!
wait $first
echo "first $?"
wait $second
echo "second $?"
sleep 60 &
victim=$!
kill $victim
wait $victim 2> /dev/null
echo "killed: $?"
for n in 1 2 3 4 5; do (echo $n > job.$n) & done
wait
cat job.*

section traps
(
    trap 'echo exit trap' EXIT
    echo before
)
(
    trap 'echo caught TERM; exit 9' TERM
    kill -TERM "$(sh -c 'echo $PPID')"
    echo not reached
)
echo "trap status $?"
sh -c 'trap "" INT; kill -INT $$; echo ignored INT'
sh -c 'kill -KILL $$'
echo "killed itself: $?"

section set -e and -u
sh -c 'set -e; true; false; echo not reached'
echo "set -e: $?"
sh -c 'set -e; if false; then :; fi; false || true; echo reached'
sh -c 'set -u; echo $undefined' 2> /dev/null
echo "set -u: $?"
sh -c 'set -o pipefail; false | true'
echo "pipefail: $?"

section read
printf 'a b c\nd\\e f\n' > lines
while read -r first rest; do echo "first=$first rest=$rest"; done < lines
printf 'x:y:z' | { IFS=: read -r a b c; echo "$a-$b-$c"; }
echo partial | { read -r -n 3 short; echo "$short"; }

section exec and exit status
sh -c 'exit 42'
echo $?
sh -c 'exec echo replaced; echo never'
/nonexistent/command 2> /dev/null
echo "not found: $?"
./full 2> /dev/null
echo "not executable: $?"
printf '#!/bin/sh\necho script "$@"\n' > script
chmod +x script
./script with arguments
printf 'echo no interpreter line\n' > plain
chmod +x plain
./plain
printf '#!/nonexistent/interpreter\n' > bad
chmod +x bad
./bad 2> /dev/null
echo "missing interpreter: $?"

section environment
EXPORTED=yes
export EXPORTED
sh -c 'echo "child sees $EXPORTED"'
ONLY=once sh -c 'echo "$ONLY"'
echo "after: ${ONLY:-gone}"
env -i A=1 /bin/sh -c 'echo "$A ${EXPORTED:-clean}"'

section fifos
mkfifo pipe
(echo through the fifo > pipe) &
cat pipe
wait
[ -p pipe ] && echo "is a fifo"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do # whose end is gone is not there for the next
    echo "once $i" > pipe &
    cat pipe
    echo "twice $i" | (cat > pipe) &
    cat pipe
    wait
done

section links and directories
mkdir -p deep/er/est
ln -s deep/er link
(cd link && pwd -P | sed 's|.*/deep|deep|')
ln full hard
[ full -ef hard ] && echo "same file"
rm -r deep link
[ -e deep ] || echo removed
mv full moved
cat moved

section arithmetic of a longer program
primes=
n=2
while [ $n -lt 60 ]; do
    d=2
    prime=1
    while [ $((d * d)) -le $n ]; do
        if [ $((n % d)) -eq 0 ]; then
            prime=0
            break
        fi
        d=$((d + 1))
    done
    [ $prime -eq 1 ] && primes="$primes $n"
    n=$((n + 1))
done
echo "primes:$primes"

section options and eval
set -- -a -b value -c rest
while getopts ab:c option; do
    case $option in
        b) echo "option b with $OPTARG" ;;
        *) echo "option $option" ;;
    esac
done
shift $((OPTIND - 1))
echo "rest $*"
part=echo
eval "$part evaluated \$((6 * 7))"
nested='$name'
eval "echo $nested"
command -v cd
type true | head -n 1
printf '%03d %.2f %s\n' 7 2.5 end
unset -f factorial
factorial 3 2> /dev/null || echo no function any more
(umask 077; touch private; stat -c %a private)
times > /dev/null && echo times
ulimit -n 50 && (ulimit -n)

section done
exit 5
