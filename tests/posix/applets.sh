# SPDX-License-Identifier: MIT
# Copyright The Trellis authors
#
# The programs people use every day, on the same input; run in an empty
# directory. Its output must be the same on Linux, with the same busybox.

section() {
    echo "== $*"
}

section a tree to work on
mkdir -p tree/a/b tree/c
for i in 1 2 3 4 5 6 7 8 9 10; do seq $i $((i * 100)) > tree/a/f$i; done
echo "needle in a haystack" > tree/a/b/hay
printf 'x\0y\nz\n' > tree/c/binary
ln -s ../a/b/hay tree/c/link
chmod 640 tree/a/f1
chmod 755 tree/a/f2
touch -d '2020-01-02 03:04:05' tree/a/f1

section find
find tree | sort
find tree -name 'f*' -size +1k | sort
find tree -type l
find tree -type f -exec grep -l needle {} \;
find tree -name 'f[12]' -exec basename {} \; | sort
find tree -newer tree/a/f1 -type d | sort

section ls and stat
ls tree tree/a
ls -lR tree | awk '{ print $1, $3, $4, $NF }' | grep -v total
stat -c '%a %F %s %n' tree/a/f1 tree/a/f2 tree/c/link
stat -c '%a %F %n' tree
stat -c '%Y' tree/a/f1

section text
grep -r needle tree | sort
grep -c 1 tree/a/f1
grep -n '99$' tree/a/f10 | head -3
grep -E '^(1|2)0$' tree/a/f1
sed -n '2p;4p' tree/a/f2
sed 's/needle/pin/; s/a \(.*\)/the \1/' tree/a/b/hay
awk -F' ' '{ print NF, $2 }' tree/a/b/hay
awk 'BEGIN { for (i = 0; i < 5; i++) printf "%d ", i * i; print "" }'
seq 20 | sort -r | tr '\n' ' '
echo
printf '3 z\n1 y\n2 x\n' | sort -k2
printf 'a\na\nb\n' | uniq -c
echo 'one:two:three' | cut -d: -f2
echo abcdef | cut -c2-4
echo hello | tr a-y b-z
echo hello | rev
seq 3 | paste -s -d+ -
seq 10 | tail -n 3
seq 10 | head -n 2
wc tree/a/f10
seq 1 6 | xargs -n 2 echo pair
printf 'a b\nc\n' | xargs -I{} echo "<{}>"
echo text | od -c
echo text | od -An -tx1
printf 'one\ntwo\n' > first
printf 'one\nTWO\n' > second
diff first second
cmp first second
nl first
expr 6 \* 7
fold -w 3 first
dirname /a/b/c
basename /a/b/c.txt .txt

section archives
tar -cf tree.tar tree
tar -tf tree.tar | sort
tar -tvf tree.tar | awk '{ print $1, $3, $6, $7, $8 }' | sort
mkdir extracted
tar -xf tree.tar -C extracted
(cd tree && find . -type f | sort | xargs sha256sum) > sums
(cd extracted/tree && sha256sum -c ../../sums)
readlink extracted/tree/c/link
diff -r tree extracted/tree && echo tree same
tar -xf tree.tar -O tree/a/b/hay
mkdir some && tar -xf tree.tar -C some tree/c && find some | sort
head -c 3000 tree.tar > cut.tar
tar -tf cut.tar > /dev/null 2>&1 || echo tar cut
stat -c '%a %Y' extracted/tree/a/f1
tar -czf tree.tgz tree
tar -tzf tree.tgz | wc -l
gzip -c tree/a/f10 > f10.gz
gzip -dc f10.gz | cmp - tree/a/f10 && echo gzip same
bzip2 -c tree/a/f10 > f10.bz2
bzip2 -dc f10.bz2 | cmp - tree/a/f10 && echo bzip2 same
base64 -d > hay.xz <<'END'
/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4BoBAQZdADYaSh8IoCuxbQad7+2MoT/IOM9thS+Y9mRq
lCRUtV79ClFv0I4efnVaaB/6aawY3yeOCLzw0gN8Vd7f98qQYbMgf/TEC4WPNLUJ5MC/BS6lrFrq
xr4WzPognEliZvS12r/qaYPNagdmp1k10O+Z2gYlczsx31kTO9jeUtZfWFfQPhA0D/MCXB3P77dB
kPTn4fP7ZgdwM064Sr4Km97u8mwNUH0RVsw5N/g+DV00lbulHe2E8BPpco3zeeKDfraWJc60eFaq
HlbIRmtJ2Hfv3jdmHLsv7kDAEgCrHetCbvq5MUuynOxVHHQhKUYZUdP2zncv8vWlz6aaBvzKG4Zp
8n3X6WD+lnoAAACj1a46DcWA6AABogKCNAAApARzibHEZ/sCAAAAAARZWg==
END
xz -t hay.xz && xz -dc hay.xz | tail -n 2 && xz -d hay.xz && md5sum hay
gzip -t f10.gz && echo gzip whole
head -c 100 f10.gz > cut.gz
gzip -t cut.gz 2> /dev/null || echo gzip cut
(cd tree && find . | sort | cpio -o -H newc 2> /dev/null) | cpio -t 2> /dev/null | wc -l

section checksums
md5sum tree/a/f5
sha1sum tree/a/f5
sha256sum tree/a/f5
sha512sum tree/a/f5 | cut -c1-32

section copying
cp tree/a/f1 copy
cp -a tree tree2
find tree2 | wc -l
cp -r tree/a/b copied
ls copied
mv copy moved
ls copy 2> /dev/null || echo moved away
rm -rf tree2
dd if=tree/a/f10 of=part bs=10 skip=2 count=3 2> /dev/null
cat part
dd if=/dev/zero of=sparse bs=1 count=1 seek=99999 2> /dev/null
stat -c %s sparse
truncate -s 5 part
cat part
echo
echo teed | tee one two > three
cat one two three
mktemp -p . x.XXXXXX | wc -c
install -m 600 first installed
stat -c %a installed

section owners and modes
chmod u=rwx,g=rx,o= first
stat -c %a first
chown 1000:1000 first
stat -c '%u %g' first
chmod 4755 second
stat -c %a second
umask 027
touch masked
stat -c %a masked
umask 022

section processes
id -u
id -un
whoami
env -i X=1 env
test "$(which sh)" && echo which
timeout 0.1 sleep 10
echo "timeout $?"
sleep 0.01 && echo slept
sh -c 'kill -TERM $$'
echo "terminated $?"
time -p true 2> /dev/null && echo timed
date -u -d '2021-03-04 05:06:07' '+%Y %j %a %s'
date -u -d @1000000000 '+%F %T'
seq 3 | tac
usleep 10 && echo usleep
hostname > /dev/null && echo hostname
uname -s
du -s tree | awk '{ print ($1 > 0) }'
pidof no-such-program || echo none
sort -u first first | wc -l
realpath tree/c/link | sed 's|.*/tree|tree|'
readlink tree/c/link
echo 'print 2^10' | bc 2> /dev/null
echo '2 10 ^ p' | dc 2> /dev/null
strings tree/c/binary
hexdump -C tree/c/binary
base64 tree/a/b/hay | base64 -d
crc32 first 2> /dev/null
factor 360
shuf -n 1 -e only
true && ! false && echo logic
