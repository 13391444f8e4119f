package figure

import (
	"os"
	"testing"
)

func TestPrint(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	Print(t, "%d flips\n%s", 200, "3s at worst\n")
	os.Stdout = stdout
	const want = "figure: TestPrint: 200 flips\nfigure: TestPrint: 3s at worst\n"
	if got, err := os.ReadFile(file.Name()); err != nil || string(got) != want {
		t.Errorf("Print got %q, %v, want %q", got, err, want)
	}
}
