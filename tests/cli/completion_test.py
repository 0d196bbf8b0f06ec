"""`velo completion`: what each shell would complete. A shell that is not there has its script looked at only."""

import shlex
import shutil
import subprocess
import unittest

from program import ProgramTest

VERBS = ["run", "copy", "show", "schema", "plan", "check", "verify", "state", "dlq", "help", "completion"]


class Completion(ProgramTest):
    def script(self, shell):
        return self.done("completion", shell).stdout

    def output_of(self, shell, text, *flags):
        process = subprocess.run(
            [shell, *flags, "-c", text], cwd=self.folder, capture_output=True, text=True, timeout=30
        )
        self.assertEqual((process.returncode, process.stderr), (0, ""), text)
        return process.stdout.splitlines()

    def bash(self, *words):
        quoted = shlex.join(words)
        return self.output_of(
            "bash",
            f"{self.script('bash')}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
            '_velo; printf "%s\\n" "${COMPREPLY[@]}"',
        )

    def test_bash(self):
        self.write("two words.csv", "")
        self.assertEqual(self.bash("velo", ""), [*VERBS, "--version", "--help"])
        self.assertEqual(self.bash("velo", "co"), ["copy", "completion"])
        self.assertEqual(self.bash("velo", "copy", "--c"), ["--commit-every", "--config"])
        self.assertIn("--rows", self.bash("velo", "show", "a.csv", "-"))
        self.assertEqual(self.bash("velo", "copy", "--re"), ["--retry-for"])
        self.assertEqual(self.bash("velo", "run", "--re"), ["--retry-for", "--refresh"])
        self.assertEqual(self.bash("velo", "help", "st"), ["stdin", "stdout", "state"])
        self.assertEqual(self.bash("velo", "completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.bash("velo", "copy", "tw"), ["two words.csv"])
        self.assertEqual(self.bash("velo", "state", ""), ["show", "reset", "rewind", "fork"])
        self.assertEqual(self.bash("velo", "state", "show", "tw"), ["two words.csv"])
        self.assertIn("--yes", self.bash("velo", "state", "reset", "--y"))

    def test_zsh(self):
        script = self.script("zsh")
        self.assertTrue(script.startswith("#compdef velo\n"))
        for verb in VERBS:
            self.assertRegex(script, rf"(?m)^    '{verb}:.+'$")
            self.assertRegex(script, rf"(?m)^    {verb}\) _arguments '.+' ;;$")
        shlex.split(script)
        if shutil.which("zsh") is None:
            return
        # What zsh's own functions would be told.
        shown = self.output_of(
            "zsh",
            "compdef() { }; _describe() { print -l $verbs }; _arguments() { print -l -- $@ }\n"
            f"{script}\nwords=(velo ''); CURRENT=2; _velo\nwords=(velo show -); CURRENT=3; _velo\n",
            "-f",
        )
        self.assertIn("help:List the connectors, or one's options", shown)
        self.assertIn("--rows=[Rows to show (20)]:value:_files", shown)

    def test_fish(self):
        script = self.script("fish")
        for verb in VERBS:
            self.assertIn(f"complete -c velo -n __fish_use_subcommand -f -a {verb} -d '", script)
        self.assertIn("complete -c velo -n '__fish_seen_subcommand_from show' -s n -l rows -r -F -d '", script)
        self.assertEqual([line for line in script.splitlines() if not line.startswith("complete -c velo -n ")], [])
        if shutil.which("fish") is None:
            return
        for line, expected in (
            ("velo co", ["copy", "completion"]),
            ("velo copy --c", ["--config"]),
            ("velo help st", ["stdin", "stdout"]),
        ):
            shown = self.output_of("fish", f"{script}\ncomplete -C '{line}'", "--no-config")
            self.assertEqual(sorted(each.split("\t")[0] for each in shown), sorted(expected))

    def test_another_shell(self):
        process = self.velo("completion", "tcsh")
        self.assertEqual(process.returncode, 2)
        self.assertIn("tcsh", process.stderr)


if __name__ == "__main__":
    unittest.main()
