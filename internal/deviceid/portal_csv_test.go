package deviceid_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func TestParsePortalCSV(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		typ     deviceid.Type
		content string
		want    map[string]string
	}{
		{"empty", serial, "", map[string]string{}},
		{"byte order mark alone", serial, "\ufeff\r\n", map[string]string{}},
		{"as the portal wants it", serial, "A1,MacBook\nA2,iPad\n", map[string]string{"A1": "MacBook", "A2": "iPad"}},
		{"no details", serial, "A1\nA2,\nA3,,,\n", map[string]string{"A1": "", "A2": "", "A3": ""}},
		{"no line end at the end", serial, "A1,x", map[string]string{"A1": "x"}},
		{"CRLF and a byte order mark", serial, "\ufeffA1,x\r\nA2,y\r\n", map[string]string{"A1": "x", "A2": "y"}},
		{"lone CR", serial, "A1,x\rA2,y\r", map[string]string{"A1": "x", "A2": "y"}},
		{"blank lines", serial, "\n\r\n  \t\nA1,x\n,,\n\"\",\" \"\nA2,y\n\n", map[string]string{"A1": "x", "A2": "y"}},
		{"blanks around", serial, "  A1 \t,\u00a0x y  \n \" A2 \" , \" y \" \n", map[string]string{"A1": "x y", "A2": " y "}},
		{"quotes", serial, "\"A1\",\"24\"\" Monitor, black\"\n", map[string]string{"A1": `24" Monitor, black`}},
		{"line breaks in details", serial, "A1,\"one\r\ntwo\"\nA2,y\n", map[string]string{"A1": "one\r\ntwo", "A2": "y"}},
		{"semicolons", serial, "A1;x, y\nA2;\"a;b\"\nA3\n", map[string]string{"A1": "x, y", "A2": "a;b", "A3": ""}},
		{"semicolons in details", serial, "A1,x; y\nA2,a; b\n", map[string]string{"A1": "x; y", "A2": "a; b"}},
		{"one line decides nothing", serial, "A1,x\n\"A2;y\",z\nA3,\"p;q\"\n", map[string]string{"A1": "x", "A2;y": "z", "A3": "p;q"}},
		{"named by Excel", serial, "sep=;\r\nA1;x\r\n", map[string]string{"A1": "x"}},
		{"a serial number sep", serial, "sep=|\nA1,x\n", map[string]string{"sep=|": "", "A1": "x"}},
		{"unknown", deviceid.TypeUnknown, "A1,x\n", map[string]string{"A1": "x"}},
		{"128 characters", serial, "A1," + strings.Repeat("ü", 128), map[string]string{"A1": strings.Repeat("ü", 128)}},
		{"IMEI", imei, "490154203237518,iPhone\n35-693803-564380-9\n", map[string]string{"490154203237518": "iPhone", "35-693803-564380-9": ""}},
		{"Windows", mms, "Microsoft Corporation,Surface Laptop 5,0F12345A\n", map[string]string{"Microsoft Corporation,Surface Laptop 5,0F12345A": ""}},
		{"Windows, quoted where needed", mms, "\"Dell, Inc.\",\"Latitude 5440\",\" ABC1234 \",,\n", map[string]string{`"Dell, Inc.",Latitude 5440,ABC1234`: ""}},
		{"Windows, semicolons", mms, "Dell, Inc.;Latitude 5440;ABC1234\nHP;EliteBook;X1;;\n", map[string]string{
			`"Dell, Inc.",Latitude 5440,ABC1234`: "", "HP,EliteBook,X1": "",
		}},
		{"no header: letters that begin like a short title", serial, "SNXKQWFPLM,x\nIDQWERTZ,y\nMAKEQX\n", map[string]string{"SNXKQWFPLM": "x", "IDQWERTZ": "y", "MAKEQX": ""}},
		{"not shortened", serial, "1E7,x\n4E8\n7E123456\n1E00123\n", map[string]string{"1E7": "x", "4E8": "", "7E123456": "", "1E00123": ""}},
		{"no header: a digit", serial, "SERIAL1,x\nMODEL-7,y\n", map[string]string{"SERIAL1": "x", "MODEL-7": "y"}},
		{"no header: Windows with a digit", mms, "Brand New Ltd.,Model S,X1\n", map[string]string{"Brand New Ltd.,Model S,X1": ""}},
		{"no header: Windows without one, below", mms, "HP,EliteBook,X1\nHP,Model S,ABC\n", map[string]string{"HP,EliteBook,X1": "", "HP,Model S,ABC": ""}},
		{"Windows, a draw is the portal's", mms, "a;b,c;d,e\n", map[string]string{"a;b,c;d,e": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := deviceid.ParsePortalCSV(tt.typ, tt.content)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParsePortalCSV_Faults(t *testing.T) {
	t.Parallel()
	const doubled = `; a double quote that belongs to a part is doubled, and the part quoted: "24"" Monitor"`
	const imeiForm = "Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518"
	const save = `In Excel, save the file as "CSV UTF-8 (Comma delimited)", or read it in Terraform with textdecodebase64(filebase64("devices.csv"), `
	windows := strings.Repeat("HP,EliteBook,%d\n", 16)
	for i := range 16 {
		windows = strings.Replace(windows, "%d", fmt.Sprintf("X%d", i), 1)
	}
	tests := []struct {
		name    string
		typ     deviceid.Type
		content string
		want    string
	}{
		{"no type", "serialnumber", "A1", `"serialnumber" is not an identifier type. Write one of: unknown, imei, serialNumber, manufacturerModelSerial.`},
		{"two of three parts", mms, windows + "Dell,Latitude\n", "line 17: expected manufacturer,model,serial, found 2 parts"},
		{"one of three parts", mms, "Dell\nHP,EliteBook,X1\n", "line 1: expected manufacturer,model,serial, found 1 part"},
		{"trailing empty parts", mms, "Dell,Latitude,,\n", "line 1: expected manufacturer,model,serial, found 2 parts"},
		{"four parts", mms, "Dell, Inc.,Latitude,ABC\n", "line 1: expected manufacturer,model,serial, found 4 parts; put a part that contains a comma in double quotes, and write no details"},
		{"other separator", mms, "HP,EliteBook,X1\nHP;EliteBook;X2\nHP,EliteBook,X3\n", "line 2: expected manufacturer,model,serial, found 1 part; the columns of this file are separated by commas"},
		{"other separator, the other way", mms, "HP;EliteBook;X1\nHP,EliteBook,X2\nHP;EliteBook;X3\n", "line 2: expected manufacturer,model,serial, found 1 part; the columns of this file are separated by semicolons"},
		{"tabs", mms, "HP\tEliteBook\tX1\n", "line 1: expected manufacturer,model,serial, found 1 part; separate them by commas, not tabs"},
		{"empty part", mms, "HP,,X1\n", "line 1: the model is empty, and Intune needs all three parts: manufacturer, model and serial number"},
		{"three columns", serial, "A1,MacBook, silver\n", "line 1: expected identifier,details, found 3 parts; put a part that contains a comma in double quotes"},
		{"three columns of semicolons", serial, "A1;x\nA2;y;z\n", "line 2: expected identifier,details, found 3 parts; put a part that contains a semicolon in double quotes"},
		{"no identifier", serial, ",MacBook\n", "line 1: expected identifier,details, found no identifier"},
		{"semicolon in a file of commas", serial, "A1,x\nA2;y\nA3,z\n", `line 2: the identifier "A2;y" contains a semicolon, and the columns of this file are separated by commas`},
		{"comma in a file of semicolons", serial, "A1;x\nA2,y\nA3;z\n", `line 2: the identifier "A2,y" contains a comma, and the columns of this file are separated by semicolons`},
		{"not an IMEI", imei, "490154203237518\n666,x\n", `line 2: "666" is not an IMEI: it has 3 digits. ` + imeiForm},
		{"shortened by Excel", imei, "4.90154E+14,iPhone\n", `line 1: "4.90154E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened by Excel elsewhere", imei, "4,90154E+14;iPhone\n490154203237518;x\n356938035643809;y\n", `line 1: "4,90154E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened serial number", mms, "HP,EliteBook,1.2E+12\n", `line 1: "1.2E+12" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened to a digit", serial, "4E+14,x\n", `line 1: "4E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened, no sign", serial, "3.5E14,x\n", `line 1: "3.5E14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened, decimal comma, alone", serial, "3,5E+14\n", `line 1: "3,5E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened, decimal comma, one line", serial, "3,5E+14;x\n", `line 1: "3,5E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened, decimal comma, a file of commas", serial, "3,5E+14\nA1,x\nA2,y\n", `line 1: "3,5E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"shortened, decimal comma, alone in a file of semicolons", serial, "3,5E+14\nA1;x\n", `line 1: "3,5E+14" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"formula", imei, "=\"012345678901237\",x\n", `line 1: ="…" is a formula of Excel and no identifier: give the column the format Text and write what is between the quotes alone`},
		{"formula, quoted", serial, "\"=\"\"0123\"\"\",x\n", `line 1: ="…" is a formula of Excel and no identifier: give the column the format Text and write what is between the quotes alone`},
		{"apostrophe", serial, "'0123,x\n", `line 1: "'0123" begins with an apostrophe, the mark for text in Excel, which is no part of the identifier: remove it`},
		{"NUL", serial, "A1,x\nA2,\"d\x00\"\n", "line 2: the content has a NUL, a byte that no text has: remove it"},
		{"details too long", serial, "A1," + strings.Repeat("x", 129), `line 1: the details "` + strings.Repeat("x", 60) + `…" (shortened) have 129 characters, and at most 128 are accepted`},
		{"duplicate", serial, "C02ABC,x\nA2,y\n c02abc ,x\n", `line 3: "c02abc" is the same identifier as "C02ABC" on line 1: keep one of them`},
		{"header", serial, "Serial Number,Details\nA1,x\n", "line 1 looks like a header: remove it"},
		{"header after blank lines", serial, "\n\n\"SerialNumber\"\n", "line 3 looks like a header: remove it"},
		{"header in the middle", mms, "HP,EliteBook,X1\nManufacturer,Model,Serial number,\n", "line 2 looks like a header: remove it"},
		{"header of other columns", mms, "Hersteller;Modell\nHP;EliteBook;X1\n", "line 1 looks like a header: remove it"},
		{"header in another language", imei, "\u756a\u53f7,x\n490154203237518\n", "line 1 looks like a header: remove it"},
		{"header with a remark", serial, "Serial Number (required),Details\nA1,x\n", "line 1 looks like a header: remove it"},
		{"header of two titles in a cell", serial, "A1,x\nSerial number/IMEI,Details\n", "line 2 looks like a header: remove it"},
		{"header that ends in a title", serial, "Asset serial number,Details\nA1,x\n", "line 1 looks like a header: remove it"},
		{"header with other words", mms, "Manufacturer name,Device model name,Serial no.\nHP,EliteBook,X1\n", "line 1 looks like a header: remove it"},
		{"header with other words in the middle", mms, "HP,EliteBook,X1\nManufacturer name,Device model name,S/N or tag\n", "line 2 looks like a header: remove it"},
		{"header with one title", mms, "Who,What,Serial no.\nHP,EliteBook,X1\n", "line 1 looks like a header: remove it"},
		{"stray quote", serial, "A1,24\" Monitor\n", "line 1: a double quote stands in the middle of a part" + doubled},
		{"text behind a quote", serial, "A1,\"24\" Monitor\n", "line 1: a double quote stands in the middle of a part" + doubled},
		{"open quote", serial, "A1,\"x\nA2,y\n", "line 1: a double quote is opened and never closed" + doubled},
		{"invisible character", serial, "A1\u200b,x\n", `line 1: the identifier "A1\u200b" contains the invisible character U+200B at position 3. Remove it`},
		{"Windows-1252", serial, "A1,x\nA2,M\xfcller\n", "line 2: the content is not UTF-8 (byte 0xFC); perhaps it is Windows-1252. " + save + `"windows-1252")`},
		{"lost characters", serial, "A1,M\ufffdller\n", "line 1: the content has the character U+FFFD, which stands for one that was lost in a conversion. " + save + `"windows-1252")`},
		{"UTF-16", serial, "\xff\xfeA\x001\x00", "line 1: the content is not UTF-8 but UTF-16. " + save + `"UTF-16LE")`},
		{"UTF-16 without a mark", serial, "A\x001\x00", "line 1: the content is not UTF-8 but UTF-16. " + save + `"UTF-16LE")`},
		{"UTF-16, the other way round", serial, "\xfe\xff\x00A\x001", "line 1: the content is not UTF-8 but UTF-16. " + save + `"UTF-16BE")`},
		{"UTF-16, the other way round, without a mark", serial, "\x00A\x001", "line 1: the content is not UTF-8 but UTF-16. " + save + `"UTF-16BE")`},
		{
			"every fault with its line", serial,
			"Serial,Details\r\nA1,\"one\r\ntwo\"\r\na1,x\r\n,y\r\n\"A2\r\nA3,\"z\",\r\nA4,a,b\r\n",
			"5 faults:\n" +
				"  line 1 looks like a header: remove it\n" +
				"  line 4: \"a1\" is the same identifier as \"A1\" on line 2: keep one of them\n" +
				"  line 5: expected identifier,details, found no identifier\n" +
				"  line 6: a double quote stands in the middle of a part" + doubled + "\n" +
				"  line 8: expected identifier,details, found 3 parts; put a part that contains a comma in double quotes",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := deviceid.ParsePortalCSV(tt.typ, tt.content)
			if err == nil {
				t.Fatalf("got %q and no error", got)
			}
			if got != nil || err.Error() != tt.want {
				t.Errorf("got  %s (%v)\nwant %s", err, got, tt.want)
			}
		})
	}
}

func TestParsePortalCSV_TellsTwentyFaultsAndCountsTheOthers(t *testing.T) {
	t.Parallel()
	_, err := deviceid.ParsePortalCSV(imei, strings.Repeat("666\n", 30))
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if lines[0] != "30 faults:" || len(lines) != 22 || !strings.HasPrefix(lines[20], "  line 20: ") || lines[21] != "  and 10 more" {
		t.Errorf("got %s", err)
	}
}

func TestFormatPortalCSV(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		typ        deviceid.Type
		identities map[string]string
		want       string
	}{
		{"nothing", serial, nil, ""},
		{"sorted, two columns", serial, map[string]string{"B": "two", " A ": ""}, "A,\nB,two\n"},
		{"quoted where needed", serial, map[string]string{"A;1": `24" Monitor`, "B": " x, y", "C": "one\ntwo", "sep=": ""}, "\"A;1\",\"24\"\" Monitor\"\nB,\" x, y\"\nC,\"one\ntwo\"\n\"sep=\",\n"},
		{"IMEI", imei, map[string]string{"49-015420-323751-8": "x"}, "49-015420-323751-8,x\n"},
		{"Windows", mms, map[string]string{`"Dell, Inc." , "Latitude 5440",ABC1234`: ""}, "\"Dell, Inc.\",Latitude 5440,ABC1234\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := deviceid.FormatPortalCSV(tt.typ, tt.identities)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
}

func TestFormatPortalCSV_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		typ        deviceid.Type
		identities map[string]string
		want       string
	}{
		{"no type", "imeis", nil, `"imeis" is not an identifier type. Write one of: unknown, imei, serialNumber, manufacturerModelSerial.`},
		{"invalid", mms, map[string]string{"a,b": ""}, `"a,b" has 2 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3. ` +
			"Write it as manufacturer,model,serial, for example Microsoft Corporation,Surface Laptop 5,0F12345A; " +
			`put a part that contains a comma in double quotes: "Dell, Inc.",Latitude 5440,ABC1234`},
		{"Windows with a description", mms, map[string]string{"a,b,c": "x"}, `"a,b,c" has the description "x", and the portal's file of Windows devices has no column for it: give it an empty one`},
		{"the same twice", serial, map[string]string{"A1": "", "a1": ""}, `"a1" is the same identifier as "A1": keep one of them`},
		{"a header", serial, map[string]string{"Serial": "Details"}, `"Serial" looks like the header of a table and not like a device: remove it`},
		{"a header as the first row", mms, map[string]string{"HP,Model S,ABC": ""}, `"HP,Model S,ABC" looks like the header of a table and not like a device: remove it`},
		{"shortened", serial, map[string]string{"1.2E+10": ""}, `"1.2E+10" is a number that Excel has shortened: give the column the format Text and enter the number again`},
		{"no text", serial, map[string]string{"A1": "\xff"}, `"A1": the identifier or its description "\xff" has characters that are not UTF-8`},
		{"several", serial, map[string]string{"": "", "A1": strings.Repeat("x", 129)}, "2 faults:\n" +
			"  the identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF\n" +
			`  the details "` + strings.Repeat("x", 60) + `…" (shortened) have 129 characters, and at most 128 are accepted`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := deviceid.FormatPortalCSV(tt.typ, tt.identities)
			if err == nil || got != "" || err.Error() != tt.want {
				t.Errorf("got  %q, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}
