"""What is wrong with a file of rules, in Russian.

Whoever reads rules tells it in English, with names and values of the file in it. The sentences are put into Russian
here piece by piece; a piece that is not known stays as it is, so that nothing is lost.
"""

import re
from functools import cache

_TABLE = r"""
^is no key here; the score decides it: write points, at_least or at_most, such as
    здесь такого ключа нет; это решают баллы: напишите points, at_least или at_most, например
^unknown key
    неизвестный ключ
^is missing(?: \(.+\))?$
    нужен, но его нет
; did you mean "([^"]+)"\?
    ; может быть, "\1"?
(?<=[;?] )valid:
    годятся:
(?<=[;?] )defined: none$
    нет ни одного
(?<=[;?] )defined:
    есть:
is none of the values
    не из тех значений, что годятся
names no list of phrases
    не называет ни одного списка фраз
names no list of values
    не называет ни одного списка значений
takes itself in; take it out
    включает сам себя; уберите его
^there is no rule "
    нет правила "
^this name is given already in (\S+); names are unique over all files
    это имя уже занято: \1; имена во всех файлах разные
^stands already in (\S+); write it once
    уже есть: \1; напишите один раз
^the key "(.+)" stands twice, first on line (\d+); keep one
    ключ "\1" стоит дважды, сначала в строке \2; оставьте один
^"(.+)" has no value; write one, or take the key out
    у "\1" нет значения; напишите его или уберите ключ
^is empty; write at least one value, or take the key out
    пусто; напишите хотя бы одно значение или уберите ключ
^is empty; write a name
    пусто; напишите имя
^is true, which is no text
    это true, а не текст
^is false, which is no text
    это false, а не текст
write it in quotes
    напишите в кавычках
; it should be a whole number
    ; нужно целое число
; it should be a number
    ; нужно число
; it should be true or false
    ; нужно true или false
; it should be text
    ; нужен текст
; it should be a list
    ; нужен список
; it should be a table
    ; нужна таблица
; write a number$
    ; напишите число
; write a whole number$
    ; напишите целое число
; write true or false$
    ; напишите true или false
; write a word$
    ; напишите слово
; write text$
    ; напишите текст
; write a number from 0 to 5$
    ; напишите число от 0 до 5
; write a span of time such as
    ; напишите срок, например
; write a time such as
    ; напишите время, например
; write a table$
    ; напишите таблицу
; write a list of words$
    ; напишите список слов
; write a name, or a list of names$
    ; напишите имя или список имён
; it should be a day or time such as (\S+) or (\S+)
    ; нужен день или время, например \1 или \2
; it should be (less|greater) than or equal to (\S+)
    ; нужно число в пределах \2
is no number; write for example 3, \[1, 2\] or
    не число; напишите, например, 3, [1, 2] или
is not a duration; write a whole number with s, m, h or d, such as (\S+) or (\S+)
    не срок; напишите целое число с s, m, h или d, например \1 или \2
is no deadline; write more than nothing and at most (\S+), or leave it out
    не срок; напишите больше нуля и не больше \1 или уберите ключ
is no share of a deadline; write shares between 0 and 1, such as
    не доля срока; напишите доли от 0 до 1, например
is not a list of slots; write (.+), or \[\] for a day off
    не список промежутков; напишите \1 или [] для выходного
is not a slot; write two times, such as (\S+) or (\S+)
    не промежуток; напишите два времени, например \1 или \2
is not a slot; times go from (\S+) to (\S+), an end to (\S+)
    не промежуток; время бывает с \1 до \2, а конец — до \3
is empty; write "00:00-24:00" for a whole day, or no slot for a day off
    пусто; напишите "00:00-24:00" для целого дня, а для выходного не пишите промежутков
(\S+) and (\S+) overlap; write them as one slot, or end one before the other
    \1 и \2 пересекаются; напишите один промежуток или закончите один раньше другого
'([^']*)': '([^']*)' is not a day; write days as mon, mon-fri, mon,wed or пн-пт
    '\1': '\2' не день недели; дни пишут так: mon, mon-fri, mon,wed или пн-пт
"(.+)" and "(.+)" both name (\w+); leave it to one of them, or write \w+ alone
    "\1" и "\2" называют один день, \3; оставьте его одному из них или напишите отдельно
is not a country whose holidays are known; write a code of ISO 3166, such as (\S+), (\S+) or (\S+)
    не страна, праздники которой известны; напишите код ISO 3166, например \1, \2 или \3
(\S+) has no holidays of its own that are known; write (\S+), or with one of (.+), and other days into `days`
    у \1 нет известных праздников; напишите \2 или с одним из: \3, а прочие дни — в `days`
^line (\d+) of that file:
    строка \1 того файла:
that file is no list of days:
    в том файле не список дней:
^has no bound; write (.+) or both
    нет границы; напишите \1 или обе
^needs bounds; write (.+) or both
    нужны границы; напишите \1 или обе
has no unit; write a duration such as (.+) or (.+)
    без единицы; напишите, например, \1 или \2
is longer than ten years; write at most
    больше десяти лет; напишите самое большее
^says none and more; write either
    здесь и none, и что-то ещё; оставьте одно
is no condition that is true or false
    не условие из тех, что верны или нет
^no calendar "(.+?)" is defined
    нет календаря "\1"
there is no working time at all; write at least one slot, such as
    рабочего времени нет вовсе; напишите хотя бы один промежуток, например
is not a time zone; write a name of the IANA list
    не часовой пояс; напишите имя из списка IANA
^urgent, high and normal must go down in this order
    urgent, high и normal должны убывать в этом порядке
^is no list; begin each item with a dash and its name
    не список; начните каждую запись с тире и имени
; write keys and values here:
    ; здесь нужны ключи со значениями:
^has no keys at its top; write one of (.+), such as rules:
    наверху файла нет ключей; напишите один из: \1, например rules:
^a second document begins here; one file is one document
    здесь начинается второй документ; в файле должен быть один
the expression is refused by RE2:
    RE2 не принимает выражение:
knows ASCII letters only and can be used for all letters at the very beginning and end alone
    знает только латинские буквы, для всех годится лишь в самом начале и в конце
; write (\S+) before a word and (\S+) behind it
    ; напишите \1 перед словом и \2 после него
knows ASCII letters only; write it outside of them, or list the signs
    знает только латинские буквы; вынесите из скобок или перечислите знаки
inside \[ \]
    внутри [ ]
has no word in it; for signs alone write re:
    нет ни одного слова; для одних знаков напишите re:
\* and ~ stand at the end of a word only, and within it only for letters of an obscene one
    * и ~ стоят только в конце слова, а внутри — лишь вместо букв бранного
re: has no expression after it
    после re: нет выражения
after !(\S+) a word is missing; write the word that it must not precede
    после !\1 не хватает слова; напишите слово, перед которым его быть не должно
^this is not YAML:
    это не YAML:
a word that begins with ([!*&]) is an? (tag|alias|anchor);
    слово, которое начинается с \1, для YAML особое;
a bracket ([\[{]) is not closed, or a comma is missing
    не закрыта скобка \1 или пропущена запятая
a value is missing here, or a bracket is not closed
    здесь не хватает значения или не закрыта скобка
the text ends within quotes; close them
    текст кончается внутри кавычек; закройте их
a colon within a text needs quotes, and the keys of one table the same indent
    двоеточие внутри текста берут в кавычки, а ключи одной таблицы пишут с одним отступом
the items of one list must be indented alike
    записи одного списка пишут с одним отступом
the line does not stand under the one above it; indent the keys of one table alike
    строка стоит не под той, что над ней; ключи одной таблицы пишут с одним отступом
a word cannot begin with this character; write it in quotes
    слово не может начинаться с этого знака; напишите в кавычках
a word cannot begin with this character; напишите в кавычках
    слово не может начинаться с этого знака; напишите в кавычках
a control character stands here; take it out
    здесь управляющий знак; уберите его
a key needs a colon and a space behind it
    после ключа нужны двоеточие и пробел
found unknown directive name
    строка не может начинаться с %
^an item of the list is empty; write it, or take the dash out
    запись списка пуста; напишите её или уберите тире
^a key is a list or a table; did a \{ or \[ begin a text\? (?:write it in quotes|напишите в кавычках)
    ключ оказался списком или таблицей; если это текст, который начинается с { или [, напишите в кавычках
^<< takes in a table; this is none
    << включает таблицу, а здесь не она
(\*\S+) names no anchor above it; a word that begins with \* is written in quotes:
    \1 не называет якоря выше; слово, которое начинается с *, пишут в кавычках:
(\*\S+) stands within what it names
    \1 стоит внутри того, что называет
(\S+) is a YAML tag; what begins with ! is written in quotes
    \1 для YAML — тег; то, что начинается с !, пишут в кавычках
lists and tables lie in each other deeper than (\d+) times
    списки и таблицы вложены друг в друга глубже \1 раз
^has more than (\S+) values, aliases counted as often as used
    больше значений, чем \1; ссылки считаются столько раз, сколько стоят
^is larger than (\d+) MiB; split it into several files
    больше \1 МиБ; разделите на несколько файлов
^byte (\d+) is not UTF-8; save the file as UTF-8
    байт \1 не из UTF-8; сохраните файл в UTF-8
a tab cannot indent; use spaces
    отступы делают пробелами, а не табуляцией
write what has a backslash in single quotes
    то, где есть обратная черта, пишут в одинарных кавычках
cannot be read \(No such file or directory\)
    нет такого файла или папки
cannot be read \(Permission denied\)
    нельзя прочитать: нет прав
cannot be read \(Is a directory\)
    нельзя прочитать: это папка
cannot be read \((.+)\)
    нельзя прочитать (\1)
; let this user read it
    ; дайте этому пользователю право на чтение
"hub init" writes a folder of rules
    папку с правилами пишет «hub init»
^is not (\S+); save the file as UTF-8, or name its encoding:
    не в кодировке \1; сохраните файл в UTF-8 или назовите его кодировку:
^is no JSON: .+ at column (\d+)$
    это не JSON, ошибка в столбце \1
^is no JSON: .+$
    это не JSON
^is no object; write
    это не объект; напишите
^opens a quote that is never closed
    здесь открыта кавычка, которая нигде не закрыта
^is no CSV: .+$
    это не CSV
^has (\d+) cells, the header (\d+); put quotes around texts with commas
    ячеек \1, а в заголовке \2; тексты с запятыми берут в кавычки
^has none of the keys
    нет ни одного из ключей:
^(\w+) is no text$
    \1: это не текст
^is(?= ['\[{\d])
    это
^is true(?=;)
    это true
^is false(?=;)
    это false
"""


@cache
def _pieces() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what is found, as an expression, and what takes its place; compiled when something is wrong."""
    lines = _TABLE.strip().splitlines()
    return tuple(
        (re.compile(english), russian.strip()) for english, russian in zip(lines[::2], lines[1::2], strict=True)
    )


def in_russian(message: str) -> str:
    """Return *message* of whoever reads rules, in Russian as far as it is known."""
    for english, russian in _pieces():
        message = english.sub(russian, message)
    return message
