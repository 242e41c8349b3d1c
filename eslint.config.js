import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const focusedTest =
  'No focused or skipped tests: fix the cause, or register a visible skip with a reason.';

export default tseslint.config(
  {ignores: ['dist', 'build', '.cache', 'data', 'node_modules', 'test/fixtures']},
  {linterOptions: {reportUnusedDisableDirectives: 'error'}},
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {allowNumber: true, allowBoolean: true},
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', {'ts-expect-error': 'allow-with-description'}],
      'no-restricted-syntax': [
        'error',
        {selector: 'TSEnumDeclaration', message: 'Use a union of string literals.'},
        {selector: 'TSParameterProperty', message: 'Declare and assign the field.'},
        {selector: 'ExportAllDeclaration', message: 'List the exported names one by one.'},
        {
          selector:
            "CallExpression[callee.object.name=/^(test|it|describe)$/][callee.property.name='only']",
          message: focusedTest,
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test returns promises from test() and describe() that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {from: 'package', name: ['test', 'describe', 'it'], package: 'node:test'},
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly'},
    },
  },
  {
    files: ['src/pages/client/*.js'],
    languageOptions: {
      globals: {
        document: 'readonly',
        window: 'readonly',
        Event: 'readonly',
        HTMLSelectElement: 'readonly',
      },
    },
  },
);
