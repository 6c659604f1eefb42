; Parley's installer for Windows: Inno Setup 6.
; Run by `python packaging/make_packages.py windows`, which gives the version and the output folder.

#ifndef Version
  #error The version is given with /DVersion=1.2.3
#endif

[Setup]
; Never changes: by it an update finds what is installed.
AppId={{7C1B0E2C-6E0B-4D3F-9C62-1D0A5B6F4E21}
AppName=Parley
AppVersion={#Version}
AppVerName=Parley {#Version}
AppPublisher=The Parley developers
VersionInfoVersion={#Version}
SourceDir=..\..
OutputBaseFilename=Parley-{#Version}-setup
; For this user alone, without a password; the first page offers everybody.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
DefaultDirName={autopf}\Parley
DefaultGroupName=Parley
DisableProgramGroupPage=yes
DisableDirPage=auto
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=LICENSE
SetupIconFile=resources\app_icon\parley.ico
UninstallDisplayIcon={app}\parley-window.exe
WizardStyle=modern
Compression=lzma2/max
SolidCompression=yes
; A running Parley is asked to close before its files are replaced.
CloseApplications=yes
RestartApplications=yes
ChangesEnvironment=yes
#ifdef Signed
SignTool=signing
SignedUninstaller=yes
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "fr"; MessagesFile: "compiler:Languages\French.isl"

[CustomMessages]
en.AddToPath=Use "parley" in the terminal
fr.AddToPath=Utiliser « parley » dans le terminal
en.KeptData=Your settings, history and models are kept. Delete them too?
fr.KeptData=Vos réglages, votre historique et vos modèles sont conservés. Les supprimer aussi ?

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "path"; Description: "{cm:AddToPath}"; Flags: unchecked

[InstallDelete]
; Nothing of an older version stays behind. User data is never in here.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
#ifdef Signed
Source: "dist\parley\*.exe"; DestDir: "{app}"; Flags: ignoreversion sign
#else
Source: "dist\parley\*.exe"; DestDir: "{app}"; Flags: ignoreversion
#endif
Source: "dist\parley\_internal\*"; DestDir: "{app}\_internal"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\Parley"; Filename: "{app}\parley-window.exe"; AppUserModelID: "org.parley.Parley"
Name: "{autodesktop}\Parley"; Filename: "{app}\parley-window.exe"; Tasks: desktopicon; AppUserModelID: "org.parley.Parley"

[Registry]
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NotOnPath

[Run]
Filename: "{app}\parley-window.exe"; Description: "{cm:LaunchProgram,Parley}"; Flags: nowait postinstall skipifsilent

[Code]
function NotOnPath: Boolean;
var
  Path: String;
begin
  if not RegQueryStringValue(HKCU, 'Environment', 'Path', Path) then
    Path := '';
  Result := Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', ';' + Uppercase(Path) + ';') = 0;
end;

procedure TakeOffPath;
var
  Path, Ours: String;
  Place: Integer;
begin
  if not RegQueryStringValue(HKCU, 'Environment', 'Path', Path) then
    exit;
  Ours := ';' + ExpandConstant('{app}');
  Place := Pos(Uppercase(Ours), Uppercase(Path));
  if Place > 0 then begin
    Delete(Path, Place, Length(Ours));
    RegWriteExpandStringValue(HKCU, 'Environment', 'Path', Path);
  end;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
begin
  if Step <> usPostUninstall then
    exit;
  TakeOffPath;
  { The one who does not answer keeps everything: a silent removal never deletes it. }
  if SuppressibleMsgBox(CustomMessage('KeptData'), mbConfirmation, MB_YESNO or MB_DEFBUTTON2, IDNO) = IDYES then
    DelTree(ExpandConstant('{localappdata}\parley'), True, True, True);
end;
